# SPDX-License-Identifier: MIT
#
# Adds up the frames of the deepest way through the call graphs that
# "gcc -fcallgraph-info=su" writes. Fails above "limit", on recursion, and on a
# frame without a bound.

/^node:/ {
	match($0, /title: "[^"]*"/)
	title = name(substr($0, RSTART + 8, RLENGTH - 9))
	if (match($0, /[0-9]+ bytes \([a-z,]*\)/)) {
		split(substr($0, RSTART, RLENGTH), part, " ")
		size[title] = part[1]
		if (part[3] !~ /static|bounded/)
			fail(title " has a frame without a bound")
	}
}

/^edge:/ {
	match($0, /sourcename: "[^"]*"/)
	from = name(substr($0, RSTART + 13, RLENGTH - 14))
	match($0, /targetname: "[^"]*"/)
	to = name(substr($0, RSTART + 13, RLENGTH - 14))
	calls[from] = calls[from] " " to
}

# "place.c:place_dir" is a static function, "hook_run" is not.
function name(title) {
	gsub(/ /, "", title)
	return title
}

function fail(why) {
	print "stack: " why > "/dev/stderr"
	failed = 1
	exit 1
}

# Depth of the deepest way from f on; the way itself is kept in next_of.
function depth(f,	i, n, to, d, best) {
	if (f in known)
		return known[f]
	if (f in open)
		fail(f " calls itself")
	open[f] = 1
	n = split(calls[f], to, " ")
	for (i = 1; i <= n; i++) {
		if ((d = depth(to[i])) > best) {
			best = d
			next_of[f] = to[i]
		}
	}
	delete open[f]
	return known[f] = best + size[f]
}

END {
	if (failed)
		exit 1
	for (f in size) {
		if (f ~ /^pam_sm_/ && depth(f) > most) {
			most = depth(f)
			deepest = f
		}
	}
	if (most == 0)
		fail("no service function found")
	for (f = deepest; f != ""; f = next_of[f])
		if (size[f] > 0)
			printf "stack: %6d %s\n", size[f], f
	printf "stack: %6d octets of at most %d\n", most, limit
	exit most > limit
}
