// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { columns, complaints, squeeze, statements } from "../../scripts/format_c.ts";

const KNF = `/* SPDX-License-Identifier: MIT */

#define LONG_NAME	1
#define SHORT		2	/* why */

struct pair {
	uint32_t	a;
	size_t		b_len;	/* in bytes */
};

int	pair_sum(const struct pair *, uint32_t a_parameter, uint32_t another,
    uint32_t third);

static int
pair_compare(const struct pair *a, const struct pair *b)
{
	int r = -1;

	if (a->a != b->a ||
	    memcmp(a->something_that_is_long, b->something_that_is_lon, 9) != 0)
		goto out;
	r = 0;
out:
	return r;
}
`;

async function complaintsOf(text: string): Promise<string[]> {
  const path = await Deno.makeTempFile({ dir: "build", suffix: ".c" });
  try {
    await Deno.writeTextFile(path, text);
    return (await complaints(path)).map((complaint) => complaint.replaceAll(path, "a.c"));
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("squeeze() leaves the indentation and makes other tabs one space", () => {
  assert.equal(squeeze("\t\tint\t\ta;\t/* b */\n\tc\n"), "\t\tint a; /* b */\n\tc\n");
});

Deno.test("columns() counts tabs to the next multiple of eight", () => {
  assert.equal(columns("\tab\tc"), 17);
});

Deno.test("complaints() takes KNF that is lined up with tabs", async () => {
  assert.deepEqual(await complaintsOf(KNF), []);
});

Deno.test("statements() joins what is in parentheses, in an initializer, and what goes on", () => {
  const text =
    "a = f(b,\n    g(c));\nint d[] = {\n\t1, 2,\n\t{ 3 },\n};\nif (a &&\n\t\tb)\n\treturn e ? f\n\t\t: g;\n/*\n * why\n */\n";
  assert.deepEqual(statements(text), [
    { line: 1, text: "a = f(b, g(c));" },
    { line: 3, text: "int d[] = { 1, 2, { 3 }, };" },
    { line: 7, text: "if (a && b)" },
    { line: 9, text: "\treturn e ? f : g;" },
    { line: 11, text: "/*" },
    { line: 12, text: " * why" },
    { line: 13, text: " */" },
    { line: 14, text: "" },
  ]);
});

Deno.test("statements() keeps the statements of a block apart", () => {
  assert.deepEqual(
    statements("for (;;) {\n\ta();\n\tb();\n}").map(({ text }) => text),
    ["for (;;) {", "\ta();", "\tb();", "}"],
  );
});

Deno.test("complaints() takes a macro of several lines, and an initializer with designators", async () => {
  const text = "#define EACH(x)\t\\\n\tstatic void x(void)\t\\\n\t{\t\t\t\\\n\t\tf();\t\t\\\n\t}\n\n" +
    "static const struct a b = {\n\t.c = 1,\n\t.d = { 2, 3,\n\t    4 },\n};\n";
  assert.deepEqual(await complaintsOf(text), []);
});

Deno.test("complaints() takes a word of C++ for a name", async () => {
  assert.deepEqual(
    await complaintsOf("static void\nf(enum failure class)\n{\n\tint new = g(class);\n}\n"),
    [],
  );
});

Deno.test("complaints() takes a case and its return on one line or on two", async () => {
  for (const between of ["\t", "\n\t\t"]) {
    const text = `int\nf(int a)\n{\n\tswitch (a) {\n\tcase 1:${between}return 2;\n\t}\n\treturn 3;\n}\n`;
    assert.deepEqual(await complaintsOf(text), []);
  }
});

Deno.test("complaints() finds spaces for tabs, a brace out of place, a missing space and a long line", async () => {
  assert.deepEqual(await complaintsOf("int\nf(void)\n{\n        return 1;\n}\n"), [
    "a.c:4: eight spaces in the indentation: take a tab",
  ]);
  assert.match((await complaintsOf("int f(void) {\n\treturn 1;\n}\n"))[0] ?? "", /^a\.c:1: not KNF/);
  assert.match((await complaintsOf("int\nf(void)\n{\n\tif(a)\n\t\tb();\n}\n"))[0] ?? "", /^a\.c:4: not KNF/);
  assert.match((await complaintsOf("int\nf(void)\n{\n\ta();\n\t\tb();\n}\n"))[0] ?? "", /^a\.c:5: not KNF/);
  assert.equal(
    (await complaintsOf(`/* ${"x".repeat(78)} */\n`))[0],
    "a.c:1: 84 columns of at most 80: break it",
  );
});
