# /etc/pam.d/SERVICE: the lines of a service that people may use at certain times only.
#
# Everybody, Monday to Friday, 08:00 to 18:00 in Berlin. The zone is not guessed; hours are half open: 18:00:00 is refused.
account  required  pam_deno.so  time-of-day  tz=Europe/Berlin  days=mon-fri  hours=08:00-18:00
#
# Group staff but mallory, over midnight and with a break, closed on two dates; whoever is not meant may log in.
#account  required  pam_deno.so  time-of-day  tz=Europe/Berlin  hours=20:00-24:00,00:30-06:00  for=@staff  except=mallory  closed=12-25,2026-12-31  otherwise=allow
#
# The same and more from a file, which the module must be allowed to read.
#account  required  pam_deno.so  time-of-day  rules=/etc/pam-deno/time-of-day.jsonc
#
# In place of pam_time.so: its own file, in the machine's time zone.
#account  required  pam_deno.so  time-of-day  time_conf=/etc/security/time.conf  localtime=/etc/localtime
#
# For applications that never ask for the account, in front of the lines that authenticate: it only ever denies or ignores.
#auth     required  pam_deno.so  time-of-day  time_conf=/etc/security/time.conf  localtime=/etc/localtime
#
# With a short budget, and no questions to the module for root, whatever happens to it: the line skips the next one, and says success to
# nobody. Another account line must: @include common-account does, and the last one where there is none. Never on auth lines.
#account  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
#account  required  pam_deno.so  timeout=2s  time-of-day  rules=/etc/pam-deno/time-of-day.jsonc
#account  required  pam_permit.so
#
# The module answers perm_denied outside the hours, user_unknown for a name that the user database does not have (if the rules name
# anybody), and service_err when the rules cannot be read. It needs no grant. Open, it answers success to account and ignore to auth.
