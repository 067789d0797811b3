import type { Picture } from "./picture.ts";
export function pageOf(picture: Picture): string {
  return picture.module;
}
