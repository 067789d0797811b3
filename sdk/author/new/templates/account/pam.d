# /etc/pam.d/SERVICE: lines for a service that people may use at hours of work, such as sshd. Take the # away from those you want.
#
# Root gets in whatever happens to the module: this line skips the next one. It says success to nobody, so that another account line
# must: @include common-account does. Keep a session of root open while you try a line.
#account  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
#
# Everybody, Monday to Friday, 08:00 to 18:00 in Berlin.
#account  required  pam_deno.so  {{name}}  tz=Europe/Berlin
#
# Other hours, and members of the group operators at any time.
#account  required  pam_deno.so  {{name}}  tz=Europe/Berlin  open=07:30  close=20:00  always=operators
