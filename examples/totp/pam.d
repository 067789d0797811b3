# /etc/pam.d/sshd, behind "@include common-auth": a code of an authenticator beside the password.
#
# What stands before must end the stack for a wrong password (requisite, die): whoever is asked for codes can fail, and shut users out.
#
# Everybody needs one; five failures in five minutes.
auth  required  pam_deno.so  grant=prompt  totp
#
# Users without a secret are let by, for as long as people are being enrolled; fewer guesses.
#auth  required  pam_deno.so  grant=prompt  totp  unenrolled=ignore  failures=3  within=1h
#
# No code for root, whatever happens to the module: the line skips the next one. It lets nobody in: some other line, such as those of
# common-auth, must say success, or root gets perm_denied.
#auth  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
#auth  required  pam_deno.so  grant=prompt  totp
#
# A code in place of the password, from some machines only, would be a line of its own: this module looks at no address.
#
# The module answers auth_err for a code that is not taken, maxtries after too many, conv_err if nobody could be asked, ignore with
# unenrolled=ignore, and service_err when secrets or database cannot be used. It needs the grant prompt. It defines no hook but
# authenticate; libpam counts its setcred as success.
