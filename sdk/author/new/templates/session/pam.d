# /etc/pam.d/SERVICE: lines for a service that opens sessions, such as sshd. Take the # away from those you want.
#
# Root gets a session whatever happens to the module: this line skips the next one. It says success to nobody, so that another session
# line must: @include common-session does. Keep a session of root open while you try a line.
#session  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
#
# A shell from elsewhere is closed when it idles for 15 minutes. Without the grant the module may not set the variable.
#session  required  pam_deno.so  grant=env:TMOUT  {{name}}
#
# The same, but nobody is kept out if the module cannot answer.
#session  optional  pam_deno.so  grant=env:TMOUT  {{name}}  local=60  remote=10
