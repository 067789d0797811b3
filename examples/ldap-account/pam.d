# /etc/pam.d/SERVICE: the account lines of a service that people may use whom a directory admits.
#
# Servers, certificates and the password of the module's own account stand in /etc/pam-deno/modules/ldap-account.jsonc; see README.md.
# They stand in front of @include common-account. For root the first line skips the second: no directory, no worker, and no network is
# needed to get in, but a line behind them that says success. With these two lines alone root gets perm_denied: where no other account line
# stands behind them, write "account required pam_permit.so" there.
account  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
account  required  pam_deno.so  ldap-account  group=cn=staff,ou=groups,dc=example,dc=org  cache=8h
#
# Users of this machine that no directory knows: the line skips the next one for all who are in /etc/passwd.
#account  [success=1 default=ignore]  pam_localuser.so
#account  required  pam_deno.so  ldap-account
#
# Groups in groups, by what entries say about themselves, and only where host admits this machine.
#account  required  pam_deno.so  ldap-account  group=cn=admins,ou=groups,dc=example,dc=org  member=memberOf  nested=4  check=lock,expire,host
#
# With a longer time for a server that is far away; the time of the whole hook has to be longer than that of all servers.
#account  required  pam_deno.so  timeout=10s  ldap-account  limit=2s  total=8s
#
# The module answers user_unknown, acct_expired and perm_denied as the directory says, authinfo_unavail when no server can be asked and the
# cache has no answer, and service_err when one cannot be used. Do not ignore authinfo_unavail: whoever can stop the servers would get in.
# It needs no grant. It defines no hook but account.
