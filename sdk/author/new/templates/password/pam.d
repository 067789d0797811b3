# /etc/pam.d/passwd, or common-password: lines for what changes passwords. Take the # away from those you want.
#
# Root's own password is none of the module's business, whatever happens to it: this line skips the next one. It says success to nobody,
# so that another password line must: pam_unix's does. Keep a session of root open while you try a line.
#password  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
#
# In front of pam_unix's line, and requisite: who chooses a bad password is not asked anything else. Behind pam_unix, the password has
# already changed when the module says no.
#password  requisite  pam_deno.so  grant=authtok  {{name}}
#
# Longer ones. pam_unix takes the password that the module has asked for: its line needs use_authtok or try_first_pass.
#password  requisite  pam_deno.so  grant=authtok  {{name}}  length=16  different=8
