# /etc/pam.d/SERVICE: lines for a service that asks for a password, such as login or sudo. Take the # away from those you want.
#
# Root gets in whatever happens to the module: this line skips the next one. Keep a session of root open while you try a line.
#auth  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
#
# Behind @include common-auth, whose lines end the stack for a wrong password: the PIN is asked for once the password was right. Never
# sufficient, which would make the PIN enough by itself.
#auth  required  pam_deno.so  grant=prompt  {{name}}
