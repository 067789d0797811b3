# SPDX-License-Identifier: MIT
# Completes the words of pam-deno in fish: the program knows them, and the names of the modules that are configured.
pam-deno completion fish 2>/dev/null | source
