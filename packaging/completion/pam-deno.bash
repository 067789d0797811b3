# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# Completes the words of pam-deno in bash: the program knows them, and the names of the modules that are configured.
# shellcheck disable=SC1090 # the program writes it
source <(pam-deno completion bash 2>/dev/null)
