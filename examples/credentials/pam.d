# /etc/pam.d/SERVICE: a token for each session. Both lines belong together: libpam calls setcred on auth lines, and sessions on session lines.
#
# Behind "@include common-auth" and "@include common-session". Who gets no token logs in all the same.
auth     optional  pam_deno.so  grant=env:OAUTH_TOKEN_FILE,user_file:oauth-*  credentials
session  required  pam_deno.so  grant=env:OAUTH_TOKEN_FILE,user_file:oauth-*  credentials
#
# No session without a token, but for root, whatever happens to the module: the line skips the next one. It lets nobody in: some other
# session line, such as those of common-session, must say success, or root gets perm_denied.
#auth     optional  pam_deno.so  grant=env:OAUTH_TOKEN_FILE,user_file:oauth-*  credentials  required=yes
#session  [success=1 default=ignore]  pam_succeed_if.so  quiet  uid = 0
#session  required  pam_deno.so  grant=env:OAUTH_TOKEN_FILE,user_file:oauth-*  credentials  required=yes
#
# The module answers ignore in authenticate, cred_unavail in setcred and perm_denied in open_session if there is no token and
# required=yes, and success else.
