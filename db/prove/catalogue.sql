-- What breaks the rules of row security, one line each; it must find nothing. Run it without roster in the
-- search_path: policies then name their schema. Each line of the allow lists was looked at.
WITH ns AS (SELECT oid FROM pg_namespace WHERE nspname = 'roster'),
tab AS (SELECT c.* FROM pg_class c, ns WHERE c.relnamespace = ns.oid AND c.relkind IN ('r', 'p')),
tenant AS (SELECT t.*, a.attnum AS orgatt, a.attnotnull, a.atttypid FROM tab t
             JOIN pg_attribute a ON a.attrelid = t.oid AND a.attname = 'org_id' AND NOT a.attisdropped),
allow_global (relname) AS (VALUES ('organizations'), ('users')),
allow_unique (idx) AS (VALUES ('organizations_pkey'), ('organization_slugs_pkey'), ('users_pkey'), ('users_email_key')),
allow_definer (fn) AS (VALUES ('guard_last_owner'), ('copy_roles'), ('fill_directory'), ('refresh_directory'), ('count_members'),
                              ('enter'), ('my_organizations'), ('my_invitations'), ('invitation'), ('create_organization'), ('free_slugs'), ('search_members'), ('signed_org'),
                              ('forget_submissions'), ('forget_jobs'), ('erase_files'), ('forget_imports'), ('letter_off'), ('organizations_due'), ('present_in'),
                              ('announce_added'), ('announce_changed'), ('announce_organization'), ('join_link'), ('waiting_requests'), ('give_turn'),
                              ('find_invitations'), ('next_to_fold')),
allow_definer_policy (relname) AS (VALUES ('organizations'), ('organization_slugs'), ('users'), ('memberships'), ('membership_roles'), ('jobs'), ('job_files'), ('imports'),
                                          ('invitations'), ('invitation_tokens'), ('submissions'), ('audit_events'), ('join_links'), ('join_link_tokens'), ('join_requests')),
run (oid) AS (SELECT oid FROM pg_roles WHERE rolname IN ('roster_app', 'roster_auth', 'roster_worker'))
SELECT 'global table not in the allow list: ' || relname FROM tab WHERE oid NOT IN (SELECT oid FROM tenant) AND relname NOT IN (SELECT relname FROM allow_global)
UNION ALL SELECT 'row security not enabled: ' || relname FROM tab WHERE NOT relrowsecurity
UNION ALL SELECT 'row security not forced: ' || relname FROM tab WHERE NOT relforcerowsecurity
UNION ALL SELECT 'org_id nullable or no uuid: ' || relname FROM tenant WHERE NOT attnotnull OR atttypid <> 'uuid'::regtype
UNION ALL SELECT 'wrong owner: ' || relname FROM tab WHERE relowner <> 'roster_owner'::regrole
UNION ALL SELECT 'org_isolation missing or altered: ' || t.relname FROM tenant t
  LEFT JOIN pg_policies p ON p.schemaname = 'roster' AND p.tablename = t.relname AND p.policyname = 'org_isolation'
  WHERE p.policyname IS NULL OR p.permissive <> 'PERMISSIVE' OR p.cmd <> 'ALL' OR p.roles <> '{roster_app,roster_worker}'
     OR p.qual IS DISTINCT FROM '(org_id = roster.org_id())' OR p.with_check IS DISTINCT FROM '(org_id = roster.org_id())'
UNION ALL SELECT 'org_isolation missing or altered: organizations' WHERE NOT EXISTS (SELECT 1 FROM pg_policies p
  WHERE p.schemaname = 'roster' AND p.tablename = 'organizations' AND p.policyname = 'org_isolation' AND p.permissive = 'PERMISSIVE' AND p.cmd = 'ALL'
    AND p.roles = '{roster_app,roster_worker}' AND p.qual = '(id = roster.org_id())' AND p.with_check = '(id = roster.org_id())')
UNION ALL SELECT 'owner_maintenance missing or altered: ' || t.relname FROM tab t
  LEFT JOIN pg_policies p ON p.schemaname = 'roster' AND p.tablename = t.relname AND p.policyname = 'owner_maintenance'
  WHERE p.policyname IS NULL OR p.roles <> '{roster_owner}' OR p.qual IS DISTINCT FROM 'roster.maintenance()' OR p.with_check IS DISTINCT FROM 'roster.maintenance()'
UNION ALL SELECT 'unexpected policy: ' || tablename || '.' || policyname FROM pg_policies WHERE schemaname = 'roster'
  AND policyname NOT IN ('org_isolation', 'owner_maintenance')
  AND NOT (policyname = 'definer' AND roles = '{roster_definer}' AND tablename IN (SELECT relname FROM allow_definer_policy))
  AND NOT (tablename = 'users' AND policyname = 'auth_all' AND roles = '{roster_auth}')
UNION ALL SELECT 'more than one policy for ' || r || ': ' || tablename FROM pg_policies, unnest(roles) r
  WHERE schemaname = 'roster' GROUP BY tablename, r HAVING count(*) > 1
UNION ALL SELECT 'policy for PUBLIC: ' || tablename || '.' || policyname FROM pg_policies WHERE schemaname IN ('roster', 'river') AND 'public' = ANY (roles)
UNION ALL SELECT 'unique index without org_id: ' || i.relname FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN tab t ON t.oid = x.indrelid
  LEFT JOIN tenant n ON n.oid = t.oid WHERE x.indisunique AND NOT (n.orgatt IS NOT NULL AND n.orgatt = ANY (x.indkey::int2[]))
  AND i.relname NOT IN (SELECT idx FROM allow_unique)
UNION ALL SELECT 'foreign key does not carry org_id: ' || con.conname FROM pg_constraint con
  JOIN tenant f ON f.oid = con.conrelid JOIN tenant r ON r.oid = con.confrelid
  WHERE con.contype = 'f' AND NOT EXISTS (SELECT 1 FROM generate_subscripts(con.conkey, 1) k WHERE con.conkey[k] = f.orgatt AND con.confkey[k] = r.orgatt)
UNION ALL SELECT 'org_id not tied by a foreign key: ' || relname FROM tenant t WHERE NOT EXISTS
  (SELECT 1 FROM pg_constraint c WHERE c.conrelid = t.oid AND c.confrelid <> t.oid AND c.contype = 'f' AND t.orgatt = ANY (c.conkey))
UNION ALL SELECT 'no index led by org_id: ' || relname FROM tenant t WHERE NOT EXISTS
  (SELECT 1 FROM pg_index x WHERE x.indrelid = t.oid AND x.indkey[0] = t.orgatt AND x.indpred IS NULL)
UNION ALL SELECT 'role too powerful: ' || rolname FROM pg_roles WHERE rolname IN ('roster_owner', 'roster_definer', 'roster_migrate', 'roster_app', 'roster_auth', 'roster_worker') AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication)
UNION ALL SELECT 'role inherits: ' || rolname FROM pg_roles WHERE rolname IN ('roster_owner', 'roster_definer', 'roster_migrate') AND rolinherit
UNION ALL SELECT 'run-time role is a member of: ' || m.roleid::regrole FROM pg_auth_members m WHERE m.member IN (SELECT oid FROM run)
UNION ALL SELECT 'run-time role owns: ' || c.relname FROM pg_class c WHERE c.relowner IN (SELECT oid FROM run)
UNION ALL SELECT rolname || ' may ' || p || ' on ' || t.relname FROM tab t, unnest('{TRUNCATE,REFERENCES,TRIGGER}'::text[]) p, pg_roles r
  WHERE r.oid IN (SELECT oid FROM run) AND has_table_privilege(r.oid, t.oid, p)
UNION ALL SELECT 'the app may read people: ' || p FROM unnest('{SELECT,INSERT,UPDATE,DELETE}'::text[]) p
  WHERE has_table_privilege('roster_app', 'roster.users', p) OR has_any_column_privilege('roster_app', 'roster.users', CASE p WHEN 'DELETE' THEN 'SELECT' ELSE p END)
UNION ALL SELECT 'audit is not append-only: ' || p FROM unnest('{UPDATE,DELETE,TRUNCATE}'::text[]) p WHERE has_table_privilege('roster_app', 'roster.audit_events', p)
UNION ALL SELECT 'audit column may change: ' || attname FROM pg_attribute WHERE attrelid = 'roster.audit_events'::regclass AND attnum > 0
  AND has_column_privilege('roster_app', attrelid, attnum, 'UPDATE')
UNION ALL SELECT r.rolname || ' may move rows to another organization: ' || t.relname FROM tenant t, pg_roles r
  WHERE r.oid IN (SELECT oid FROM run) AND has_column_privilege(r.oid, t.oid, t.orgatt, 'UPDATE')
UNION ALL SELECT r.rolname || ' may use schema keyring' FROM pg_roles r, pg_namespace n WHERE n.nspname = 'keyring' AND r.oid IN (SELECT oid FROM run) AND has_schema_privilege(r.oid, n.oid, 'USAGE')
UNION ALL SELECT r.rolname || ' may use schema auth' FROM pg_roles r WHERE r.rolname IN ('roster_app', 'roster_worker', 'roster_definer') AND has_schema_privilege(r.oid, 'auth', 'USAGE')
UNION ALL SELECT r.rolname || ' may create in schema ' || n.nspname FROM pg_namespace n, pg_roles r WHERE n.nspname !~ '^pg_' AND r.oid IN (SELECT oid FROM run) AND has_schema_privilege(r.oid, n.oid, 'CREATE')
UNION ALL SELECT r.rolname || ' may create temporary tables' FROM pg_roles r WHERE r.oid IN (SELECT oid FROM run) AND has_database_privilege(r.oid, current_database(), 'TEMP')
UNION ALL SELECT 'view without security_invoker: ' || c.relname FROM pg_class c, ns WHERE c.relnamespace = ns.oid AND c.relkind = 'v' AND NOT coalesce(c.reloptions, '{}') @> '{security_invoker=true}'
UNION ALL SELECT 'materialised view or foreign table: ' || c.relname FROM pg_class c, ns WHERE c.relnamespace = ns.oid AND c.relkind IN ('m', 'f')
UNION ALL SELECT 'definer function unlisted, unpinned, elsewhere or of another owner: ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE p.prosecdef AND n.nspname !~ '^pg_' AND n.nspname <> 'ext' AND (n.nspname <> 'door' OR p.proname NOT IN (SELECT fn FROM allow_definer)
    OR p.proowner <> 'roster_definer'::regrole OR NOT coalesce(p.proconfig, '{}')::text ~ 'search_path=pg_catalog, pg_temp')
UNION ALL SELECT 'function of schema door without definer: ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname = 'door' AND NOT p.prosecdef
UNION ALL SELECT 'function executable by PUBLIC: ' || n.nspname || '.' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
  WHERE n.nspname IN ('roster', 'door', 'auth', 'platform') AND EXISTS (SELECT 1 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0)
UNION ALL SELECT 'home-made LEAKPROOF: ' || p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE n.nspname IN ('roster', 'door', 'auth') AND p.proleakproof
UNION ALL SELECT 'child table readable without row security: ' || c.relname FROM pg_inherits h JOIN pg_class c ON c.oid = h.inhrelid, ns WHERE c.relnamespace = ns.oid AND NOT c.relrowsecurity
UNION ALL SELECT 'publication (row security does not apply): ' || pubname FROM pg_publication
UNION ALL SELECT 'rule: ' || rulename FROM pg_rules WHERE schemaname = 'roster'
UNION ALL SELECT 'jobs without row security' WHERE NOT (SELECT relrowsecurity AND relforcerowsecurity FROM pg_class WHERE oid = 'river.river_job'::regclass)
