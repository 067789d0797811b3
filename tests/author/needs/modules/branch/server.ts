// SPDX-License-Identifier: MIT

/** What the server says of a user. */
export async function ask(server: string, user: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(`http://${server}/${user}`, { signal });
  return await response.text();
}
