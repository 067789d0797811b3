# /etc/pam.d/SERVICE: the account and password lines of a service whose users have entries in shadow(5).
#
# Ageing and nologin for everybody. A module that does not answer refuses, root too: the first line leads root past it. The last one
# says success to root, to whom nobody else does, and undoes no refusal; @include common-account in its place does it, too.
account   [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
account   required   pam_deno.so  grant=shadow  account-ageing
account   required   pam_permit.so
#
# In front of pam_unix: refuses a change that comes too early before anybody is asked for a password.
password  requisite  pam_deno.so  grant=shadow  account-ageing
#
# Like pam_unix alone, or like pam_nologin alone: in place of the second line above, as below.
#account  required   pam_deno.so  grant=shadow  account-ageing  check=ageing
#account  required   pam_deno.so  grant=shadow  account-ageing  check=nologin  file=/etc/closed  successok
#
# Whoever has a locked password may not come in by a key either.
#account  required   pam_deno.so  grant=shadow  account-ageing  locked=refuse
