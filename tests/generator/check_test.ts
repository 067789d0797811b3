// SPDX-License-Identifier: MIT
/** Definitions that the generator refuses, each the small one with one thing wrong, and its complaint. */
import assert from "node:assert/strict";
import { checkDefinition, DefinitionError } from "../../scripts/gen/check.ts";
import type { Definition, FieldShape, MessageShape } from "../../sdk/wire/types.ts";
import { SMALL } from "./small.ts";

function withMessage(name: string, change: Partial<MessageShape>): Definition {
  const message: MessageShape = { tag: 0x90, from: "shim", since: 1, doc: "A message.", fields: {} };
  return { ...SMALL, messages: { ...SMALL.messages, [name]: { ...message, ...change } } };
}

/** A message `m` that has the field `f`, or one of another name. */
function withField(field: object, name = "f"): Definition {
  return withMessage("message", { fields: { [name]: { doc: "A field.", ...field } as FieldShape } });
}

function withLimit(name: string, value: number): Definition {
  return { ...SMALL, limits: { ...SMALL.limits, [name]: value } };
}

function withEnum(table: Record<string, number>, name = "shape"): Definition {
  return { ...SMALL, enums: { ...SMALL.enums, [name]: table } };
}

const LIST = { kind: "list", max: "LIST_MAX", of: { x: { kind: "u8", doc: "An octet." } } };
const F = "MESSAGES.message.fields.f";

const BAD: Readonly<Record<string, readonly [Definition, string]>> = {
  bad_version_zero: [{ ...SMALL, version: 0 }, "VERSION: 0 is not a version from 1 to 255"],
  bad_version_large: [{ ...SMALL, version: 256 }, "VERSION: 256 is not a version from 1 to 255"],
  bad_limit_name: [
    withLimit("nameMax", 3),
    "LIMITS.nameMax: 'nameMax' is not the name of a limit: use upper case",
  ],
  bad_limit_negative: [withLimit("X_MAX", -1), "LIMITS.X_MAX: -1 is not a limit from 1 to 2147483647"],
  bad_limit_fraction: [withLimit("X_MAX", 0.5), "LIMITS.X_MAX: 0.5 is not a limit from 1 to 2147483647"],
  bad_limit_large: [
    withLimit("X_MAX", 2 ** 31),
    "LIMITS.X_MAX: 2147483648 is not a limit from 1 to 2147483647",
  ],
  bad_no_frame_max: [
    { ...SMALL, limits: { NAME_MAX: 1, BLOB_MAX: 1, LIST_MAX: 1 } },
    "LIMITS.FRAME_MAX: there is none",
  ],
  bad_enum_name: [
    withEnum({ a: 1 }, "Shape"),
    "ENUMS.Shape: 'Shape' is not a name: use lower case, digits and single underscores",
  ],
  bad_enum_empty: [withEnum({}), "ENUMS.shape: it has no tokens"],
  bad_enum_token: [withEnum({ "a-b": 1 }), "ENUMS.shape.a-b: 'a-b' is not a token"],
  bad_enum_value_large: [withEnum({ a: 32 }), "ENUMS.shape.a: 32 is not a value from 0 to 31"],
  bad_enum_value_negative: [withEnum({ a: -1 }), "ENUMS.shape.a: -1 is not a value from 0 to 31"],
  bad_enum_value_twice: [withEnum({ a: 1, b: 1 }), "ENUMS.shape.b: 1 is already 'a'"],
  bad_enum_constant_twice: [
    withEnum({ darkBlue: 1, dark_blue: 2 }, "colour"),
    "ENUMS.colour.dark_blue: COLOUR_DARK_BLUE is already the constant of ENUMS.colour.darkBlue",
  ],
  bad_enum_constants_clash: [
    { ...SMALL, enums: { ...SMALL.enums, a: { b_c: 1 }, a_b: { c: 1 } } },
    "ENUMS.a_b.c: A_B_C is already the constant of ENUMS.a.b_c",
  ],
  bad_message_name: [
    withMessage("getToken", {}),
    "MESSAGES.getToken: 'getToken' is not a name: use lower case, digits and single underscores",
  ],
  bad_message_reserved: [
    withMessage("static", {}),
    "MESSAGES.static: 'static' is a reserved word: use another",
  ],
  bad_message_struct_clash: [
    withMessage("paint_spots", {}),
    "MESSAGES.paint_spots: struct message_paint_spots is already made for 'paint'",
  ],
  bad_tag_zero: [withMessage("message", { tag: 0 }), "MESSAGES.message.tag: 0 is not a tag from 1 to 255"],
  bad_tag_large: [
    withMessage("message", { tag: 256 }),
    "MESSAGES.message.tag: 256 is not a tag from 1 to 255",
  ],
  bad_tag_twice: [
    withMessage("message", { tag: 0x80 }),
    "MESSAGES.message.tag: 128 is already the tag of 'paint'",
  ],
  bad_from: [
    withMessage("message", { from: "both" as "shim" }),
    "MESSAGES.message.from: 'both' is neither 'shim' nor 'worker'",
  ],
  bad_message_since: [
    withMessage("message", { since: 3 }),
    "MESSAGES.message.since: 3 is not a version from 1 to 2",
  ],
  bad_message_doc: [
    withMessage("message", { doc: "No period" }),
    "MESSAGES.message.doc: a sentence is wanted, with its period",
  ],
  bad_field_name_case: [
    withField({ kind: "u8" }, "fooBar"),
    "MESSAGES.message.fields.fooBar: 'fooBar' is not a name: use lower case, digits and single underscores",
  ],
  bad_field_name_digit: [
    withField({ kind: "u8" }, "2nd"),
    "MESSAGES.message.fields.2nd: '2nd' is not a name: use lower case, digits and single underscores",
  ],
  bad_field_name_keyword: [
    withField({ kind: "u8" }, "default"),
    "MESSAGES.message.fields.default: 'default' is a reserved word: use another",
  ],
  bad_field_name_type: [
    withField({ kind: "u8" }, "type"),
    "MESSAGES.message.fields.type: 'type' is a reserved word: use another",
  ],
  bad_field_doc: [withField({ kind: "u8", doc: "" }), `${F}.doc: a sentence is wanted, with its period`],
  bad_field_key: [withField({ kind: "u8", maximum: 3 }), `${F}.maximum: a field has no such key`],
  bad_kind: [withField({ kind: "u64" }), `${F}.kind: 'u64' is not a kind`],
  bad_kind_inherited: [withField({ kind: "constructor" }), `${F}.kind: 'constructor' is not a kind`],
  bad_enum: [withField({ kind: "enum", of: "shade" }), `${F}.of: 'shade' is not in ENUMS`],
  bad_enum_inherited: [withField({ kind: "enum", of: "toString" }), `${F}.of: 'toString' is not in ENUMS`],
  bad_enum_missing: [withField({ kind: "enum" }), `${F}.of: 'undefined' is not in ENUMS`],
  bad_limit: [withField({ kind: "line", max: "LINE_MAX" }), `${F}.max: 'LINE_MAX' is not in LIMITS`],
  bad_limit_missing: [withField({ kind: "text" }), `${F}.max: 'undefined' is not in LIMITS`],
  bad_limit_over_u16: [
    { ...withField({ kind: "bytes", max: "BIG_MAX" }), limits: { ...SMALL.limits, BIG_MAX: 65536 } },
    `${F}.max: BIG_MAX is 65536, a u16 carries at most 65535`,
  ],
  bad_fixed_zero: [withField({ kind: "fixed", len: 0 }), `${F}.len: 0 is not a length from 1 to 65535`],
  bad_fixed_missing: [withField({ kind: "fixed" }), `${F}.len: undefined is not a length from 1 to 65535`],
  bad_field_since: [withField({ kind: "u8", since: 3 }), `${F}.since: 3 is not a version from 1 to 2`],
  bad_version_not_first: [
    withMessage("message", {
      fields: { a: { kind: "u8", doc: "An octet." }, f: { kind: "version", doc: "The version." } },
    }),
    `${F}.kind: a version is the first field of its message, in every version`,
  ],
  bad_version_since: [
    withField({ kind: "version", since: 2 }),
    `${F}.kind: a version is the first field of its message, in every version`,
  ],
  bad_list_in_list: [
    withField({ ...LIST, of: { inner: { ...LIST, doc: "A list." } } }),
    `${F}.of.inner.kind: a list in a list is not provided for`,
  ],
  bad_list_empty: [withField({ ...LIST, of: {} }), `${F}.of: an element has at least one field`],
  bad_list_of_word: [withField({ ...LIST, of: "colour" }), `${F}.of: an element has at least one field`],
  bad_list_optional: [
    withField({ ...LIST, optional: true }),
    `${F}.optional: a list is never optional: leave it empty`,
  ],
  bad_list_over_u16: [
    { ...withField({ ...LIST, max: "BIG_MAX" }), limits: { ...SMALL.limits, BIG_MAX: 65536 } },
    `${F}.max: BIG_MAX is 65536, a u16 carries at most 65535`,
  ],
  bad_list_field_name: [
    withField({ ...LIST, of: { int: { kind: "u8", doc: "An octet." } } }),
    `${F}.of.int: 'int' is a reserved word: use another`,
  ],
  bad_member_of_list: [
    withMessage("message", {
      fields: { f: { ...LIST, doc: "A list." } as FieldShape, n_f: { kind: "u8", doc: "An octet." } },
    }),
    "MESSAGES.message.fields.n_f: the C structure has a member 'n_f' for 'f'",
  ],
  bad_member_of_optional: [
    withMessage("message", {
      fields: {
        f: { kind: "u8", optional: true, doc: "An octet." },
        has_f: { kind: "u8", doc: "An octet." },
      },
    }),
    "MESSAGES.message.fields.has_f: the C structure has a member 'has_f' for 'f'",
  ],
  bad_field_over_frame: [
    { ...withField({ kind: "bytes", max: "BIG_MAX" }), limits: { ...SMALL.limits, BIG_MAX: 198 } },
    "MESSAGES.message: with its longest field alone it takes 201 octets, FRAME_MAX is 200",
  ],
  bad_smallest_over_frame: [
    withField({ kind: "fixed", len: 200 }),
    "MESSAGES.message: with its longest field alone it takes 201 octets, FRAME_MAX is 200",
  ],
};

for (const [name, [definition, complaint]] of Object.entries(BAD)) {
  Deno.test(`checkDefinition() refuses ${name}`, () => {
    assert.throws(
      () => checkDefinition(definition),
      (error) => error instanceof DefinitionError && (assert.equal(error.message, complaint), true),
    );
  });
}

Deno.test("checkDefinition() accepts a field that just fits in a frame", () => {
  checkDefinition({
    ...withField({ kind: "bytes", max: "BIG_MAX" }),
    limits: { ...SMALL.limits, BIG_MAX: 197 },
  });
});
