package seed_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"roster/db/dbtest"
	"roster/internal/account"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/roster"
	"roster/internal/seed"
)

// tables are all that the seeding fills, with what orders their rows.
var tables = map[string]string{
	"roster.organizations": "id", "roster.organization_slugs": "slug", "roster.users": "id", "roster.memberships": "id",
	"roster.membership_roles": "org_id, user_id, role", "roster.invitations": "id", "roster.invitation_tokens": "digest",
	"roster.invitation_blocks": "org_id, email_norm", "roster.audit_events": "org_id, id", "auth.credentials": "user_id",
}

func world(t testing.TB, d *dbtest.Database, o seed.Options) seed.Report {
	t.Helper()
	report, err := seed.World(t.Context(), d.URL("roster_migrate"), o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// digests are what the tables hold, by name. The random salt of the password is left out.
func digests(t testing.TB, conn *pgx.Conn) map[string]string {
	t.Helper()
	found := map[string]string{}
	for table, order := range tables {
		var digest string
		err := conn.QueryRow(t.Context(), fmt.Sprintf(`SELECT count(*) || ' rows, ' || coalesce(md5(string_agg((to_jsonb(x) - 'password_hash')::text, '' ORDER BY %s)), '')
			FROM (SELECT * FROM %s) x`, order, table)).Scan(&digest)
		if err != nil {
			t.Fatal(err)
		}
		found[table] = digest
	}
	return found
}

func same(t *testing.T, got, want map[string]string) {
	t.Helper()
	for table := range tables {
		if got[table] != want[table] {
			t.Errorf("%s: %s, was %s", table, got[table], want[table])
		}
	}
}

func TestSecondRunChangesNothing(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	conn := d.Superuser(t)
	options := seed.Options{Members: 300, Organizations: 7, Password: seed.Password}
	first := world(t, d, options)
	before := digests(t, conn)

	options.Now = time.Now().AddDate(0, 2, 3)
	second := world(t, d, options)
	same(t, digests(t, conn), before)
	if first.Added == 0 || second.Added != 0 {
		t.Errorf("added %d people, then %d", first.Added, second.Added)
	}
	first.Added, first.Took, second.Added, second.Took = 0, 0, 0, 0
	if fmt.Sprint(first) != fmt.Sprint(second) {
		t.Errorf("said %v, then %v", first, second)
	}
	if first.Members != 300 {
		t.Errorf("%d members, want 300", first.Members)
	}

	options.Members, options.Organizations = 20, 1
	if fewer := world(t, d, options); fewer.Members != 300 {
		t.Errorf("a smaller world has %d members, want the 300 that were there", fewer.Members)
	}
	same(t, digests(t, conn), before)
}

// A world that grew is the same as one that was made large, and growing touches no row that was there.
func TestLargerWorldOnlyAdds(t *testing.T) {
	t.Parallel()
	now := time.Now()
	small, large := dbtest.New(t), dbtest.New(t)
	conn := small.Superuser(t)
	world(t, small, seed.Options{Members: 200, Organizations: 3, Now: now})
	for table := range tables {
		kept := strings.ReplaceAll(table, ".", "_")
		if _, err := conn.Exec(t.Context(), "CREATE TABLE public."+kept+" AS TABLE "+table); err != nil {
			t.Fatal(err)
		}
	}
	world(t, small, seed.Options{Members: 2_700, Organizations: 60, Now: now.AddDate(0, 1, 0)})
	for table := range tables {
		kept := "public." + strings.ReplaceAll(table, ".", "_")
		var gone int
		count := "SELECT count(*) FROM (SELECT to_jsonb(k) - 'members_count' FROM " + kept + " k EXCEPT SELECT to_jsonb(x) - 'members_count' FROM " + table + " x) x"
		if err := conn.QueryRow(t.Context(), count).Scan(&gone); err != nil {
			t.Fatal(err)
		}
		if gone != 0 {
			t.Errorf("%s: %d rows are not as they were", table, gone)
		}
	}
	var hashes int
	if err := conn.QueryRow(t.Context(), `SELECT count(DISTINCT password_hash) FROM auth.credentials`).Scan(&hashes); err != nil || hashes != 1 {
		t.Errorf("%d password hashes, want 1 (%v)", hashes, err)
	}

	world(t, large, seed.Options{Members: 2_700, Organizations: 60, Now: now})
	same(t, digests(t, conn), digests(t, large.Superuser(t)))
}

// What the triggers keep in step was written as they would have: letting them write it again changes nothing.
func TestCopiesAreWhatTheTriggersWrite(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	conn := d.Superuser(t)
	world(t, d, seed.Options{Members: 400, Organizations: 5})
	before := digests(t, conn)
	for _, sql := range []string{
		`UPDATE roster.users SET name = name || ' ', email = email || ' ', email_norm = email_norm || ' ', sort_name = sort_name || ' ', search_text = search_text || ' '`,
		`UPDATE roster.users SET name = left(name, -1), email = left(email, -1), email_norm = left(email_norm, -1), sort_name = left(sort_name, -1), search_text = left(search_text, -1)`,
		`UPDATE roster.memberships SET roles = '{}'`,
		`UPDATE roster.membership_roles SET granted_at = granted_at`,
		// Everybody goes and comes back: the counter follows both ways, through zero.
		`CREATE TABLE public.was AS SELECT id, status FROM roster.memberships WHERE status IN ('active', 'suspended')`,
		`UPDATE roster.memberships SET status = 'left' WHERE id IN (SELECT id FROM public.was)`,
		`DO $$ BEGIN IF EXISTS (SELECT 1 FROM roster.organizations WHERE members_count <> 0) THEN RAISE 'counted wrongly'; END IF; END $$`,
		`UPDATE roster.memberships m SET status = w.status FROM public.was w WHERE w.id = m.id`,
	} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatalf("%s: %v", sql, err)
		}
	}
	same(t, digests(t, conn), before)
}

// law says what holds in every row of a world; each query finds what breaks it.
var law = map[string]string{
	"every organization has an owner": `SELECT o.slug FROM roster.organizations o WHERE NOT EXISTS
		(SELECT 1 FROM roster.memberships m WHERE m.org_id = o.id AND m.status = 'active' AND 'owner' = ANY (m.roles))`,
	"the directory entry is the person's": `SELECT m.email FROM roster.memberships m JOIN roster.users u ON u.id = m.user_id
		WHERE (m.name, m.email, m.email_norm, m.sort_name, m.search_text) IS DISTINCT FROM (u.name, u.email, u.email_norm, u.sort_name, u.search_text)`,
	"the roles are those of membership_roles": `SELECT m.email FROM roster.memberships m WHERE m.roles <>
		ARRAY(SELECT r.role FROM roster.membership_roles r WHERE r.org_id = m.org_id AND r.user_id = m.user_id)`,
	"a present member has a role, a former one none": `SELECT email FROM roster.memberships WHERE (cardinality(roles) > 0) <> (status IN ('active', 'suspended')) OR (ended_at IS NULL) <> (status IN ('active', 'suspended'))`,
	"the count of members": `SELECT o.slug FROM roster.organizations o WHERE o.members_count <>
		(SELECT count(*) FROM roster.memberships m WHERE m.org_id = o.id AND m.status IN ('active', 'suspended'))`,
	"the address of an organization leads to it": `SELECT o.slug FROM roster.organizations o WHERE NOT EXISTS (SELECT 1 FROM roster.organization_slugs s WHERE s.org_id = o.id AND s.slug = o.slug AND s.retired_at IS NULL)`,
	"an address is one person's":                 `SELECT email_norm FROM roster.users GROUP BY email_norm HAVING count(*) > 1`,
	"everybody has a password":                   `SELECT u.email FROM roster.users u LEFT JOIN auth.credentials c ON c.user_id = u.id WHERE c.user_id IS NULL`,
	"used last is where somebody is a member":    `SELECT c.user_id::text FROM auth.credentials c WHERE c.last_org IS NOT NULL AND NOT EXISTS (SELECT 1 FROM roster.memberships m WHERE m.org_id = c.last_org AND m.user_id = c.user_id AND m.status <> 'left')`,

	"a membership has one cause in the log": `SELECT m.email FROM roster.memberships m WHERE (SELECT count(*) FROM roster.audit_events e
		WHERE e.org_id = m.org_id AND e.subject_id = m.id AND e.event = 'membership.joined' AND e.at = m.joined_at AND e.actor_id = m.user_id AND e.actor_name = m.name
		  AND e.subject_name = m.name AND e.after ->> 'through' = m.joined_through) <> 1`,
	"who was invited accepted an invitation of that inviter": `SELECT m.email FROM roster.memberships m
		JOIN roster.audit_events e ON e.org_id = m.org_id AND e.subject_id = m.id AND e.event = 'membership.joined'
		LEFT JOIN roster.invitations i ON i.org_id = m.org_id AND i.id = (e.after ->> 'invitation')::uuid
		WHERE m.joined_through = 'invitation' AND (i.state, i.accepted_by, i.decided_at, i.invited_by, i.created_at, i.email_norm, to_jsonb(i.roles))
			IS DISTINCT FROM ('accepted', m.user_id, m.joined_at, m.invited_by, m.invited_at, m.email_norm, e.after -> 'roles')
		   OR i.expires_at < m.joined_at`,
	"who was not invited founded it": `SELECT m.email FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE m.joined_through = 'created' AND
		((m.invited_by, m.invited_at) IS DISTINCT FROM (NULL, NULL) OR m.joined_at <> o.created_at OR NOT EXISTS (SELECT 1 FROM roster.audit_events e
		   WHERE e.org_id = o.id AND e.event = 'organization.created' AND e.actor_id = m.user_id AND e.after = jsonb_build_object('name', o.name, 'slug', o.slug)))`,
	"the last word of the log on a member's role is the role": `SELECT m.email FROM roster.memberships m WHERE m.ended_at IS NULL AND to_jsonb(m.roles) <>
		(SELECT e.after -> 'roles' FROM roster.audit_events e WHERE e.org_id = m.org_id AND e.subject_id = m.id AND e.after ? 'roles' ORDER BY e.at DESC, e.id DESC LIMIT 1)`,
	"the last word of the log on a member's status is the status": `SELECT m.email FROM roster.memberships m WHERE m.status <> coalesce(
		(SELECT e.after ->> 'status' FROM roster.audit_events e WHERE e.org_id = m.org_id AND e.subject_id = m.id AND e.after ? 'status' ORDER BY e.at DESC, e.id DESC LIMIT 1), 'active')`,
	"each entry begins where the one before it ended": `SELECT e.subject_name FROM (SELECT subject_name, before -> 'roles' AS was,
			lag(after -> 'roles') OVER (PARTITION BY org_id, subject_id ORDER BY at, id) AS had
		  FROM roster.audit_events WHERE subject_kind = 'membership' AND after ? 'roles') e WHERE e.had IS NOT NULL AND e.was <> e.had`,
	"a membership's version counts its changes": `SELECT m.email FROM roster.memberships m WHERE m.version <>
		(SELECT count(*) FROM roster.audit_events e WHERE e.org_id = m.org_id AND e.subject_id = m.id)
		OR m.version > 1 AND m.version <> (SELECT max((e.after ->> 'version')::int) FROM roster.audit_events e WHERE e.org_id = m.org_id AND e.subject_id = m.id)`,
	"an invitation's version counts its changes": `SELECT i.email FROM roster.invitations i WHERE i.version <>
		(SELECT count(*) FROM roster.audit_events e WHERE e.org_id = i.org_id AND e.subject_id = i.id AND e.event <> 'invitation.link_made') + (i.state = 'accepted')::int`,
	"an invitation has one cause in the log": `SELECT i.email FROM roster.invitations i WHERE (SELECT count(*) FROM roster.audit_events e
		WHERE e.org_id = i.org_id AND e.subject_id = i.id AND e.event = 'invitation.sent' AND e.at = i.created_at AND e.subject_name = i.email) <> 1`,
	"an invitation's end is in the log": `SELECT i.email FROM roster.invitations i WHERE i.state IN ('declined', 'revoked') AND NOT EXISTS (SELECT 1 FROM roster.audit_events e
		WHERE e.org_id = i.org_id AND e.subject_id = i.id AND e.at = i.decided_at AND e.after ->> 'state' = i.state) OR (i.state = 'open') <> (i.decided_at IS NULL)`,
	"an invitation expires when it says": `SELECT email FROM roster.invitations WHERE expires_at <> sent_at + life`,
	"an open invitation has one mailed link that works": `SELECT i.email FROM roster.invitations i WHERE
		(SELECT count(*) FROM roster.invitation_tokens k WHERE k.org_id = i.org_id AND k.invitation_id = i.id AND k.kind = 'mailed' AND k.replaced_at IS NULL) <> 1`,
	"who reported an invitation gets no other": `SELECT i.email FROM roster.invitations i JOIN roster.audit_events e ON e.org_id = i.org_id AND e.subject_id = i.id AND e.event = 'invitation.reported'
		WHERE NOT EXISTS (SELECT 1 FROM roster.invitation_blocks b WHERE b.org_id = i.org_id AND b.email_norm = i.email_norm)`,
	"an open invitation is of somebody who still invites": `SELECT i.email FROM roster.invitations i JOIN roster.memberships m ON m.org_id = i.org_id AND m.user_id = i.invited_by
		WHERE i.state = 'open' AND NOT (m.status = 'active' AND m.roles && ARRAY['owner', 'admin'] AND ('owner' = ANY (m.roles) OR NOT 'admin' = ANY (i.roles)))`,
	"nobody present is invited": `SELECT i.email FROM roster.invitations i JOIN roster.memberships m ON m.org_id = i.org_id AND m.email_norm = i.email_norm AND m.ended_at IS NULL WHERE i.state = 'open'`,
	"who acts is a member at that time": `SELECT e.event || ' ' || e.subject_name FROM roster.audit_events e LEFT JOIN roster.memberships m ON m.org_id = e.org_id AND m.user_id = e.actor_id
		WHERE e.actor_kind = 'person' AND (m.id IS NULL OR e.at < m.joined_at OR e.at > m.ended_at)`,
	"who acts is an owner or admin at that time": `SELECT e.event || ' ' || e.subject_name FROM roster.audit_events e JOIN roster.memberships m ON m.org_id = e.org_id AND m.user_id = e.actor_id
		WHERE e.actor_kind = 'person' AND e.event NOT IN ('organization.created', 'membership.joined', 'membership.left', 'request.made') AND NOT coalesce(
		(SELECT r.after -> 'roles' ?| ARRAY['owner', 'admin'] FROM roster.audit_events r WHERE r.org_id = e.org_id AND r.subject_id = m.id AND r.at < e.at AND r.after ? 'roles' ORDER BY r.at DESC LIMIT 1), false)`,
	"owners alone touch owners and admins": `SELECT e.event || ' ' || e.subject_name FROM roster.audit_events e JOIN roster.memberships m ON m.org_id = e.org_id AND m.user_id = e.actor_id
		WHERE e.actor_kind = 'person' AND e.event <> 'membership.left' AND (e.before -> 'roles' ?| ARRAY['owner', 'admin'] OR e.event <> 'membership.joined' AND e.after -> 'roles' ?| ARRAY['owner', 'admin']) AND NOT coalesce(
		(SELECT r.after -> 'roles' ? 'owner' FROM roster.audit_events r WHERE r.org_id = e.org_id AND r.subject_id = m.id AND r.at < e.at AND r.after ? 'roles' ORDER BY r.at DESC LIMIT 1), false)`,

	"nothing happens before its organization or after now": `SELECT e.event FROM roster.audit_events e JOIN roster.organizations o ON o.id = e.org_id WHERE e.at < o.created_at OR e.at > now()`,
	"nobody is seen before they joined, after now, after their end or while suspended": `SELECT m.email FROM roster.memberships m WHERE m.last_active_at < m.joined_at OR m.last_active_at > now() OR m.last_active_at > m.ended_at
		OR m.status = 'suspended' AND m.last_active_at > (SELECT max(e.at) FROM roster.audit_events e WHERE e.org_id = m.org_id AND e.subject_id = m.id)`,
	"an account is older than what its person did": `SELECT e.event || ' ' || e.actor_name FROM roster.audit_events e JOIN roster.users u ON u.id = e.actor_id WHERE e.at < u.created_at`,
	"entries sort by their ids as by their time":   `SELECT e.event FROM (SELECT event, at, lag(at) OVER (PARTITION BY org_id ORDER BY id) AS earlier FROM roster.audit_events) e WHERE e.at < e.earlier`,
	"triggers are on": `SELECT tgname::text FROM pg_trigger WHERE tgenabled <> 'O'`,
}

func TestEveryRowHoldsToTheLaw(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	conn := d.Superuser(t)
	world(t, d, seed.Options{Members: 1_500, Organizations: 20})
	for what, sql := range law {
		rows, err := conn.Query(t.Context(), sql)
		if err != nil {
			t.Fatal(err)
		}
		broken, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if len(broken) > 0 {
			t.Errorf("%s: broken %d times, first by %s", what, len(broken), broken[0])
		}
	}

	// Names, addresses and words are such as people could have typed, folded by the one rule.
	rows, err := conn.Query(t.Context(), `SELECT id, name, email, email_norm, sort_name, search_text FROM roster.users`)
	if err != nil {
		t.Fatal(err)
	}
	var id uuid.UUID
	var name, email, norm, sortName, searchText string
	if _, err := pgx.ForEachRow(rows, []any{&id, &name, &email, &norm, &sortName, &searchText}, func() error {
		kept, err := account.CheckName(name)
		if err != nil || kept != name {
			t.Errorf("nobody could be called %q: %v", name, err)
		}
		address, err := mail.Parse(email)
		if err != nil || address.Norm != norm {
			t.Errorf("%q is compared as %q, not %q (%v)", email, norm, address.Norm, err)
		}
		if sortName != account.SortName(name) || searchText != account.SearchText(name, email) {
			t.Errorf("%q is sorted as %q and found in %q", name, sortName, searchText)
		}
		if id.Version() != 7 || id.Variant() != uuid.RFC4122 {
			t.Errorf("%s is no UUIDv7", id)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rows, err = conn.Query(t.Context(), `SELECT email, message FROM roster.invitations`)
	if err != nil {
		t.Fatal(err)
	}
	var message string
	if _, err := pgx.ForEachRow(rows, []any{&email, &message}, func() error {
		if address, err := mail.Parse(email); err != nil || address.Norm != email {
			t.Errorf("nobody could be invited as %q: %v", email, err)
		}
		if kept, err := mail.CheckMessage(message); err != nil || kept != message {
			t.Errorf("nobody could write %q: %v", message, err)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rows, err = conn.Query(t.Context(), `SELECT name FROM roster.organizations`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.ForEachRow(rows, []any{&name}, func() error {
		if kept, problem := roster.CheckName(name); problem != "" || kept != name {
			t.Errorf("no organization could be called %q: %s", name, problem)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

// The default world has what there is to try: 10,000 members of all kinds, and invitations in every state.
func TestDefaultWorldHasSomethingOfEverything(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	conn := d.Superuser(t)
	report := world(t, d, seed.Options{})
	if report.Members != 10_000 || len(report.LogIn) != 8 || len(report.Password) < 20 {
		t.Errorf("got %+v", report)
	}
	for _, one := range []struct {
		what, sql   string
		least, most int
	}{
		{"named organizations", `SELECT count(*) FROM roster.organizations`, 11, 11},
		{"organizations of Mara", `SELECT count(*) FROM roster.memberships WHERE email = 'mara@acme.example'`, 10, 10},
		{"roles of Mara", `SELECT count(DISTINCT roles[1]) FROM roster.memberships WHERE email = 'mara@acme.example'`, 4, 4},
		{"waiting invitations of Mara", `SELECT count(*) FROM roster.invitations WHERE email = 'mara@acme.example' AND state = 'open' AND expires_at > now() + interval '14 days'`, 1, 1},
		{"members of Acme Robotics", `SELECT members_count FROM roster.organizations WHERE slug = 'acme-robotics'`, 55, 100},
		{"former members of Acme Robotics", `SELECT count(*) FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE o.slug = 'acme-robotics' AND m.ended_at IS NOT NULL`, 2, 10},
		{"owners of the large one", `SELECT count(*) FROM roster.membership_roles r JOIN roster.organizations o ON o.id = r.org_id WHERE o.slug = 'northwind-logistics' AND r.role = 'owner'`, 2, 5},
		{"its admins", `SELECT count(*) FROM roster.membership_roles r JOIN roster.organizations o ON o.id = r.org_id WHERE o.slug = 'northwind-logistics' AND r.role = 'admin'`, 5, 50},
		{"its viewers", `SELECT count(*) FROM roster.membership_roles r JOIN roster.organizations o ON o.id = r.org_id WHERE o.slug = 'northwind-logistics' AND r.role = 'viewer'`, 800, 1600},
		{"its guests", `SELECT count(*) FROM roster.membership_roles r JOIN roster.organizations o ON o.id = r.org_id WHERE o.slug = 'northwind-logistics' AND r.role = 'guest'`, 400, 1000},
		{"its suspended members", `SELECT count(*) FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE o.slug = 'northwind-logistics' AND m.status = 'suspended'`, 80, 120},
		{"its open invitations", `SELECT count(*) FROM roster.invitations i JOIN roster.organizations o ON o.id = i.org_id WHERE o.slug = 'northwind-logistics' AND i.state = 'open' AND i.expires_at > now()`, 90, 120},
		{"expired invitations", `SELECT count(*) FROM roster.invitations WHERE state = 'open' AND expires_at < now()`, 10, 40},
		{"revoked invitations", `SELECT count(*) FROM roster.invitations WHERE state = 'revoked'`, 10, 40},
		{"declined invitations", `SELECT count(*) FROM roster.invitations WHERE state = 'declined'`, 5, 40},
		{"undelivered invitations", `SELECT count(*) FROM roster.invitations WHERE state = 'open' AND delivery = 'failed' AND delivery_detail <> ''`, 5, 40},
		{"different names in the large one", `SELECT count(DISTINCT m.name) FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE o.slug = 'northwind-logistics'`, 9_990, 10_000},
		{"months in which people joined it", `SELECT count(DISTINCT date_trunc('month', m.joined_at)) FROM roster.memberships m JOIN roster.organizations o ON o.id = m.org_id WHERE o.slug = 'northwind-logistics'`, 60, 80},
	} {
		var n int
		if err := conn.QueryRow(t.Context(), one.sql).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if n < one.least || n > one.most {
			t.Errorf("%s: %d, want %d to %d", one.what, n, one.least, one.most)
		}
	}
}

// Who had an account before plays their own part: under their name, with their password. An address that is
// taken is left to whoever has it.
func TestAccountsAndAddressesOfOthersStay(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	conn := d.Superuser(t)
	mara, other := publicid.New(), publicid.New()
	for _, sql := range []string{
		`INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text) VALUES ($1, 'Mara herself', 'Mara@acme.example', 'mara@acme.example', 'mara herself', ' mara herself')`,
		`INSERT INTO auth.credentials (user_id, password_hash) VALUES ($1, 'hers')`,
	} {
		if _, err := conn.Exec(t.Context(), sql, mara); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := conn.Exec(t.Context(), `WITH o AS (INSERT INTO roster.organizations (id, name, slug) VALUES ($1, 'Acme', 'acme-robotics'))
		INSERT INTO roster.organization_slugs (org_id, slug) VALUES ($1, 'acme-robotics')`, other); err != nil {
		t.Fatal(err)
	}

	report := world(t, d, seed.Options{Members: 50})
	if len(report.LogIn) != 7 || report.LogIn[0].Email == "mara@acme.example" {
		t.Errorf("offered %+v", report.LogIn)
	}
	var hash, name, slug, created, history string
	err := conn.QueryRow(t.Context(), `SELECT c.password_hash, m.name, o.slug, e.after ->> 'slug', e.actor_name
		FROM roster.memberships m JOIN auth.credentials c ON c.user_id = m.user_id JOIN roster.organizations o ON o.id = m.org_id
		JOIN roster.audit_events e ON e.org_id = o.id AND e.event = 'organization.created'
		WHERE m.user_id = $1 AND m.joined_through = 'created'`, mara).Scan(&hash, &name, &slug, &created, &history)
	if err != nil {
		t.Fatal(err)
	}
	if hash != "hers" || name != "Mara herself" || slug == "acme-robotics" || slug != created || history != name {
		t.Errorf("got %q %q %q %q %q", hash, name, slug, created, history)
	}
	before := digests(t, conn)
	world(t, d, seed.Options{Members: 50})
	same(t, digests(t, conn), before)
	if again := world(t, d, seed.Options{Members: 80}); again.Members != 80 || again.Added == 0 {
		t.Errorf("got %+v", again)
	}
}

// People can log in, and walk through what they see.
func TestPeopleOfTheWorldComeIn(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	report := world(t, d, seed.Options{Members: 420, Password: seed.Password})
	opened := d.Open(t)
	key := make([]byte, 32)
	sealer, err := mail.NewSealer(key)
	if err != nil {
		t.Fatal(err)
	}
	outbox, err := mail.NewOutbox(sealer, "http://localhost:8080")
	if err != nil {
		t.Fatal(err)
	}
	accounts, err := account.New(account.Config{DB: opened, Outbox: outbox, Key: key, Mails: true})
	if err != nil {
		t.Fatal(err)
	}
	inside := roster.New(opened, outbox, true)
	trace := account.Trace{Address: "192.0.2.1"}
	for _, one := range report.LogIn {
		if _, err := accounts.LogIn(t.Context(), one.Email, report.Password, trace); err != nil {
			t.Errorf("%s cannot log in: %v", one.Email, err)
		}
	}

	login, err := accounts.LogIn(t.Context(), "ingrid.solberg@northwind.example", report.Password, trace)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := inside.Enter(t.Context(), login.Person, "northwind-logistics", trace)
	if err != nil {
		t.Fatal(err)
	}
	for _, sort := range []string{"name", "joined"} {
		for _, down := range []bool{false, true} {
			seen := map[string]bool{}
			members := 0
			last := ""
			for list := (roster.List{Sort: sort, Down: down}); ; {
				page, err := inside.Members(t.Context(), entry.Actor, list)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range page.Rows {
					key := account.SortName(row.Name)
					if row.Invitation {
						key = row.Email
					} else {
						members++
					}
					if sort == "joined" {
						key = row.Since.UTC().Format(time.RFC3339Nano)
					}
					if last != "" && (key < last) != down && key != last {
						t.Errorf("by %s, down %t: %q comes after %q", sort, down, key, last)
					}
					last, seen[row.ID] = key, true
				}
				if list.After = page.Next; list.After == "" {
					break
				}
			}
			if members != 420 || len(seen) != 420+entry.Actor.Organization().OpenInvitations {
				t.Errorf("by %s, down %t: %d members and %d rows", sort, down, members, len(seen))
			}
		}
	}
}

func TestWorldRefusesImpossibleSizes(t *testing.T) {
	t.Parallel()
	for _, o := range []seed.Options{{Members: -1}, {Members: 1_000_001}, {Organizations: -1}, {Organizations: 1_000_001}} {
		if _, err := seed.World(context.Background(), "postgres://nobody@127.0.0.1:1/none", o); err == nil || !strings.Contains(err.Error(), "1000000") {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

// Who may not become the owner fills nothing.
func TestAppCannotSeed(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	if _, err := seed.World(t.Context(), d.URL("roster_app"), seed.Options{Members: 20}); err == nil {
		t.Error("roster_app filled the database")
	}
}

func TestEmptyDatabaseIsToBeMigratedFirst(t *testing.T) {
	t.Parallel()
	d := dbtest.Empty(t, "template1")
	if _, err := seed.World(t.Context(), d.URL("roster_migrate"), seed.Options{Members: 20}); err == nil || !strings.Contains(err.Error(), "run roster migrate") {
		t.Errorf("got %v", err)
	}
}

func TestTwoSeedersStandInLine(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	type answer struct {
		report seed.Report
		err    error
	}
	answers := make(chan answer, 2)
	for range 2 {
		go func() {
			report, err := seed.World(t.Context(), d.URL("roster_migrate"), seed.Options{Members: 60, Password: seed.Password})
			answers <- answer{report, err}
		}()
	}
	one, other := <-answers, <-answers
	if one.err != nil || other.err != nil {
		t.Fatal(one.err, other.err)
	}
	if (one.report.Added == 0) == (other.report.Added == 0) || one.report.Members != 60 || other.report.Members != 60 {
		t.Errorf("got %+v and %+v", one.report, other.report)
	}
}
