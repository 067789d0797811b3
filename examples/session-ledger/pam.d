# /etc/pam.d/SERVICE: the session lines of a service whose sessions are recorded and counted. They stand in front of
# @include common-session: whoever is refused gets no home, no slice and no login record by the lines behind. Behind lines of the service
# itself that can refuse: an application that one of them refuses closes nothing, and keeps the place while its process lives.
#
# Store and limits stand in the module's configuration, so that all services count by the same.
session  requisite  pam_deno.so  session-ledger
#
# Another limit for this service's line, and only its own sessions and those of login count by it.
#session  requisite  pam_deno.so  session-ledger  limit=1  services=sshd,login
#
# With no questions to the module for root, whatever happens to it: the line skips the next one. Root's sessions are not in the ledger
# then; without the first line they are, and are never refused by the module itself (root=exempt). The first line says success to nobody:
# @include common-session behind it does, and the last one where there is none.
#session  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
#session  requisite  pam_deno.so  session-ledger
#session  required   pam_permit.so
#
# The module answers success or perm_denied, and user_unknown for a name that the user database does not have. sudo runs the command after
# any session_err, so that it never says that. It needs no grant. It defines openSession and closeSession.
