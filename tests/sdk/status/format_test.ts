// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { ModuleReport, StatusReport } from "../../../sdk/status/collect.ts";
import { statusJson } from "../../../sdk/status/document.ts";
import { formatStatus } from "../../../sdk/status/format.ts";
import { parseShow } from "../../../sdk/status/homes.ts";
import type { ModuleStatus } from "../../../sdk/supervisor/status_file.ts";

const AT = new Date("2026-11-20T12:00:00Z");
const SHA = "3fa2b1c9d0e4".padEnd(64, "0");

const STATUS: ModuleStatus = {
  name: "office-hours",
  supervisor: 1_234,
  since: "2026-11-20T08:48:00.000Z",
  written: "2026-11-20T11:59:59.400Z",
  bundle: SHA,
  workers: [
    { pid: 1_240, state: "ready", started: "2026-11-20T08:48:00.100Z", inFlight: 2 },
    { pid: 1_250, state: "leaving", started: "2026-11-18T08:00:00.000Z", inFlight: 1 },
  ],
  restarts: 1,
  reloads: 2,
  lastFailure: "ended by SIGKILL: it stopped beating for 7012 ms, as a handler in an endless loop does",
  hooks: {
    account: { codes: { perm_denied: 14, success: 1_190 }, p50Ms: 0.2104, p99Ms: 123.4 },
    setCredentials: { codes: { success: 3 } },
  },
};

const MODULE: ModuleReport = {
  name: "office-hours",
  state: "serving",
  notes: [],
  configured: true,
  installed: {
    sha256: SHA,
    specifier: "npm:@acme/office-hours@1.2.3",
    since: "2026-11-20T10:00:00.000Z",
    runtime: "0.2.0",
  },
  home: "systemd",
  unit: { active: "active", sub: "running", result: "success", restarts: 0, mainPid: 1_234, listening: true },
  status: STATUS,
  current: true,
  log: "journalctl -u pam-deno@office-hours",
};

const HOSTILE = "\u001b[2J\u001b]0;x\u0007\nforged: serving\r\u202egnp.exe\u009b31m";

function report(...modules: Partial<ModuleReport>[]): StatusReport {
  return { at: AT, modules: modules.map((change) => ({ ...MODULE, ...change })) };
}

Deno.test("formatStatus() tells people all there is about a module", () => {
  assert.equal(
    formatStatus(report({})),
    `office-hours: serving
  installed       3fa2b1c9d0e4 of npm:@acme/office-hours@1.2.3, 2026-11-20 10:00
                  UTC, 2 h ago
  supervisor      process 1234 of systemd, for 3 h 12 min
  worker          process 1240, ready, for 3 h 11 min, 2 in flight
  worker          process 1250, leaving, for 2 d 4 h, 1 in flight
  account         1204: success 1190, perm_denied 14
                  p50 0.21 ms, p99 123 ms
  setCredentials  3: success 3
  restarts        1
  reloads         2
  last failure    ended by SIGKILL: it stopped beating for 7012 ms, as a handler
                  in an endless loop does
  log             journalctl -u pam-deno@office-hours

The module is served.`,
  );
});

Deno.test("formatStatus() says that what is old is old", () => {
  const text = formatStatus(report({
    state: "stale",
    current: false,
    notes: ["its supervisor is gone"],
    status: { ...STATUS, written: "2026-11-20T11:48:00.000Z" },
  }));
  assert.match(text, /^office-hours: STALE$/m);
  assert.match(text, /^ {2}note {12}its supervisor is gone$/m);
  assert.match(text, /^ {2}last status {5}written 2026-11-20 11:48 UTC, 12 min ago: all below is as old$/m);
  assert.match(text, /supervisor +process 1234 of systemd, for 3 h$/m);
  assert.match(text, /^0 of 1 module served\.$/m);
});

Deno.test("formatStatus() counts what is served, and says when there is nothing", () => {
  const stopped = { state: "stopped", status: undefined, current: false } as const;
  assert.match(formatStatus(report({}, stopped, stopped)), /^1 of 3 modules served\.$/m);
  assert.match(formatStatus(report({}, {})), /^All 2 modules are served\.$/m);
  assert.equal(formatStatus(report()), "No module is configured or installed.");
});

Deno.test("formatStatus() shows another bundle than the installed one, and restarts of the supervisor", () => {
  const text = formatStatus(report({
    status: { ...STATUS, bundle: "ff".repeat(32) },
    unit: { ...MODULE.unit!, restarts: 4 },
  }));
  assert.match(text, /^ {2}bundle {10}ffffffffffff$/m);
  assert.match(text, /^ {2}restarts {8}1, supervisor 4 times$/m);
});

for (const width of [40, 59, 60, 80, 120]) {
  Deno.test(`formatStatus() fits ${width} columns, whatever is in it`, () => {
    const long = { specifier: `/srv/${"a-rather-long-folder/".repeat(12)}module.ts` };
    const text = formatStatus(
      report({
        name: "a".repeat(64),
        notes: ["one note that is longer than any line which may be shown on a narrow terminal", HOSTILE],
        installed: { ...MODULE.installed!, ...long },
        status: { ...STATUS, lastFailure: "x".repeat(500) },
      }, { state: "not_installed", installed: undefined, status: undefined }),
      { width },
    );
    for (const line of text.split("\n")) {
      assert.ok([...line].length <= width, `${[...line].length} of ${width}: ${line}`);
      assert.equal(line, line.trimEnd());
    }
    // Nothing is lost by that.
    const solid = text.replaceAll(/\s/g, "");
    assert.ok(solid.includes(long.specifier) && solid.includes("x".repeat(500)));
  });
}

Deno.test("formatStatus() and statusJson() let nobody control a terminal or forge a line", () => {
  const found = report({
    name: HOSTILE,
    notes: [HOSTILE],
    installed: { ...MODULE.installed!, specifier: HOSTILE },
    unit: { ...MODULE.unit!, sub: HOSTILE, result: HOSTILE, active: HOSTILE },
    status: { ...STATUS, lastFailure: HOSTILE },
  });
  // deno-lint-ignore no-control-regex
  const controls = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;
  const text = formatStatus(found);
  assert.doesNotMatch(text, controls);
  assert.doesNotMatch(text, /^forged/m);
  const strings: string[] = [];
  JSON.stringify(statusJson(found), (_, value) => {
    if (typeof value === "string") strings.push(value);
    return value;
  });
  assert.ok(strings.length > 10);
  for (const text of strings) assert.doesNotMatch(text, /\n/);
  for (const text of strings) assert.doesNotMatch(text, controls);
});

Deno.test("statusJson() is the documented shape", () => {
  assert.deepEqual(
    statusJson(report({}, { name: "b", state: "stopped", status: undefined, unit: undefined })),
    {
      format: 1,
      at: "2026-11-20T12:00:00.000Z",
      all_serving: false,
      modules: [{
        name: "office-hours",
        state: "serving",
        notes: [],
        configured: true,
        installed: {
          sha256: SHA,
          specifier: "npm:@acme/office-hours@1.2.3",
          since: "2026-11-20T10:00:00.000Z",
          runtime: "0.2.0",
        },
        home: "systemd",
        unit: { active: "active", sub: "running", result: "success", restarts: 0, listening: true },
        status: {
          current: true,
          written: "2026-11-20T11:59:59.400Z",
          bundle: SHA,
          supervisor: { pid: 1_234, since: "2026-11-20T08:48:00.000Z", uptime_s: 11_520 },
          workers: [
            { pid: 1_240, state: "ready", since: "2026-11-20T08:48:00.100Z", uptime_s: 11_520, in_flight: 2 },
            {
              pid: 1_250,
              state: "leaving",
              since: "2026-11-18T08:00:00.000Z",
              uptime_s: 187_200,
              in_flight: 1,
            },
          ],
          hooks: {
            account: {
              total: 1_204,
              codes: { perm_denied: 14, success: 1_190 },
              p50_ms: 0.2104,
              p99_ms: 123.4,
            },
            setCredentials: { total: 3, codes: { success: 3 }, p50_ms: null, p99_ms: null },
          },
          restarts: 1,
          reloads: 2,
          last_failure: STATUS.lastFailure,
        },
        log: "journalctl -u pam-deno@office-hours",
      }, {
        name: "b",
        state: "stopped",
        notes: [],
        configured: true,
        installed: { ...MODULE.installed },
        home: "systemd",
        unit: null,
        status: null,
        log: "journalctl -u pam-deno@office-hours",
      }],
    },
  );
});

Deno.test("parseShow() takes apart what systemctl says of several units", () => {
  const shown = parseShow(
    "Id=a.service\nActiveState=active\nExecStart={ path=/x ; argv[]=/x a=b }\n\nId=a.socket\nActiveState=failed\n\n\n",
  );
  assert.deepEqual([...shown.keys()], ["a.service", "a.socket"]);
  assert.equal(shown.get("a.service")?.["ExecStart"], "{ path=/x ; argv[]=/x a=b }");
  assert.equal(shown.get("a.socket")?.["ActiveState"], "failed");
});
