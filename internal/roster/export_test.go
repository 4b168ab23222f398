package roster_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"roster/internal/fault"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
)

// kept is a file in memory. At each flush it calls fn, if there is one.
type kept struct {
	bytes.Buffer
	flushed int
	fn      func(flushed int)
}

func (k *kept) Flush() error {
	k.flushed++
	if k.fn != nil {
		k.fn(k.flushed)
	}
	return nil
}

// exportOf is the file of a list.
func exportOf(t testing.TB, w *rostertest.World, a roster.Actor, list roster.List, as roster.Format) string {
	t.Helper()
	var to kept
	if err := w.Roster.Export(t.Context(), a, list, as, &to); err != nil {
		t.Fatal(err)
	}
	return to.String()
}

// screen is every row of a list, page after page.
func screen(t testing.TB, w *rostertest.World, a roster.Actor, list roster.List) []roster.Row {
	t.Helper()
	var rows []roster.Row
	for {
		page, err := w.Roster.Members(t.Context(), a, list)
		if err != nil {
			t.Fatal(err)
		}
		if rows = append(rows, page.Rows...); page.Next == "" {
			return rows
		}
		list.After = page.Next
	}
}

// person is a row of a JSON file, as a program reads it.
type person struct {
	Name       *string    `json:"name"`
	Email      string     `json:"email"`
	Roles      []string   `json:"roles"`
	Status     string     `json:"status"`
	InvitedBy  *string    `json:"invited_by"`
	InvitedAt  *time.Time `json:"invited_at"`
	Joined     *time.Time `json:"joined_at"`
	LastActive *time.Time `json:"last_active_at"`
	ID         string     `json:"id"`
}

// readJSON reads a file of JSON that holds nothing unknown and nothing behind its end.
func readJSON(t testing.TB, file string) []person {
	t.Helper()
	var people []person
	d := json.NewDecoder(strings.NewReader(file))
	d.DisallowUnknownFields()
	if err := d.Decode(&people); err != nil || d.More() {
		t.Fatalf("not one array: %v", err)
	}
	return people
}

// readCSV reads a file of CSV: without its mark and headings.
func readCSV(t testing.TB, file string) [][]string {
	t.Helper()
	text, marked := strings.CutPrefix(file, "\uFEFF")
	if !marked || strings.Count(text, "\n") != strings.Count(text, "\r\n") {
		t.Fatalf("not UTF-8 with its mark and CRLF: %.80q", file)
	}
	lines, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"Name", "E-mail", "Roles", "Status", "Invited by", "Invited at", "Joined", "Last active", "Member ID"}; !reflect.DeepEqual(lines[0], want) {
		t.Errorf("the headings are %q", lines[0])
	}
	return lines[1:]
}

// C025 C038 X20 U31: both files have exactly the rows that the pages of the list show, in their order, with what these
// say of them.
func TestExportEqualsTheScreen(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 2300)
	w.SQL(t, `UPDATE roster.memberships SET status = 'suspended' WHERE name LIKE 'Crowd %7'`)
	w.SQL(t, `INSERT INTO roster.membership_roles (org_id, user_id, role) SELECT m.org_id, m.user_id, 'viewer' FROM roster.memberships m WHERE m.name LIKE 'Crowd %1_'`)
	for i := range 30 {
		w.Invite(t, w.Ann, acme, fmt.Sprintf("waiting%d@acme.example", i), role.Guest)
	}
	ann := w.As(t, w.Ann, acme)
	for _, list := range []roster.List{{}, {Down: true}, {Sort: "joined"}, {Sort: "joined", Down: true}, {Search: "crowd"}, {Search: "rowd 001"}, {Search: "waiting"},
		{Role: role.Member}, {Role: role.Guest, Down: true}, {Status: "suspended", Sort: "joined"}, {Status: "active"}, {Status: "pending", Down: true}, {Search: "nobody at all"}, {Sort: "role"}, {Sort: "active", Down: true}, {Sort: "active", Active: "quarter"}, {Active: "never"}, {InvitedBy: w.Membership(t, w.Ann, acme), Sort: "role", Down: true}, {Search: "crowd", Role: role.Viewer, Status: "active", Sort: "joined", Down: true}} {
		shown := screen(t, w, ann, list)
		people, lines := readJSON(t, exportOf(t, w, ann, list, roster.JSON)), readCSV(t, exportOf(t, w, ann, list, roster.CSV))
		if len(people) != len(shown) || len(lines) != len(shown) {
			t.Errorf("%+v: %d rows on the pages, %d in JSON, %d in CSV", list, len(shown), len(people), len(lines))
			continue
		}
		for i, row := range shown {
			wanted := person{Email: row.Email, Roles: role.Names(row.Roles), Status: row.Status, ID: row.ID, LastActive: seconds(row.LastActive)}
			line := []string{row.Name, row.Email, labels(row.Roles), strings.ToUpper(row.Status[:1]) + row.Status[1:], row.Inviter, "", written(row.Since), written(row.LastActive), row.ID}
			if row.Inviter != "" {
				wanted.InvitedBy = &row.Inviter
			}
			if row.Invitation {
				wanted.InvitedAt, line[5], line[6] = seconds(row.Since), written(row.Since), ""
			} else {
				wanted.Name, wanted.Joined = &row.Name, seconds(row.Since)
				invited := deref(people[i].InvitedAt)
				if i <= 20 { // which is enough of them
					m, err := w.Roster.Member(t.Context(), ann, row.ID, "")
					if err != nil {
						t.Fatal(err)
					}
					invited = m.InvitedAt
				}
				wanted.InvitedAt, line[5] = seconds(invited), written(invited)
			}
			if !reflect.DeepEqual(people[i], wanted) {
				t.Fatalf("%+v: row %d is\n%s, want\n%s", list, i, asText(people[i]), asText(wanted))
			}
			if !reflect.DeepEqual(lines[i], line) {
				t.Fatalf("%+v: line %d is\n%q, want\n%q", list, i, lines[i], line)
			}
		}
	}
}

func asText(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

func deref(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return *t
}

func seconds(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC().Truncate(time.Second)
	return &t
}

func written(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05Z")
}

func labels(roles []role.Role) string {
	words := make([]string, len(roles))
	for i, r := range roles {
		words[i] = r.Label()
	}
	return strings.Join(words, ", ")
}

// I155 C025 I94: no cell of a CSV file begins a formula, in whatever way a spreadsheet parts it; JSON says what there is.
func TestNoCellIsAFormula(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	ann := w.As(t, w.Ann, acme)
	for name, want := range map[string]string{
		"=HYPERLINK(1)": "'=HYPERLINK(1)", "+1 555": "'+1 555", "-2": "'-2", "@SUM(A1)": "'@SUM(A1)", "\tx": "'\tx", "\rx": "'x", // a CR inside a cell is no line of its own
		" =1": " '=1", "\u00a0=1": "\u00a0'=1", "\ufeff=1": "\ufeff'=1", "\u200b-1": "\u200b'-1", "\"=1\"": "\"'=1\"", "'=1": "''=1", "Ann;=1": "Ann;'=1", "Ann, @x": "Ann, '@x", "a\t=1": "a\t'=1", "a|-1": "a|'-1",
		"＝1": "'＝1", "＋1": "'＋1", "－1": "'－1", "＠x": "'＠x", "\n=1": "\r\n'=1", "==": "'==",
		"Jean-Luc": "Jean-Luc", "a=b": "a=b", "O'Neil": "O'Neil", "Ann, Ben; Cem": "Ann, Ben; Cem", "x - y": "x - y", "Zoë \"Zo\" Li": "Zoë \"Zo\" Li",
	} {
		w.SQL(t, `UPDATE roster.memberships m SET name = $1 FROM roster.organizations o WHERE o.id = m.org_id AND o.slug = 'acme' AND m.email = 'gus@guests.example'`, name)
		lines := readRaw(t, exportOf(t, w, ann, roster.List{Role: role.Guest}, roster.CSV))
		want = strings.ReplaceAll(want, "\r\n", "\n") // as encoding/csv reads it
		if len(lines) != 2 || lines[1][0] != want {
			t.Errorf("%q is written as %q, want %q", name, lines[1][0], want)
		}
		if people := readJSON(t, exportOf(t, w, ann, roster.List{Role: role.Guest}, roster.JSON)); *people[0].Name != name {
			t.Errorf("%q is %q in JSON", name, *people[0].Name)
		}
	}
	for _, address := range []string{"+ann@x.example", "-ann@x.example", "=ann@x.example"} {
		w.SQL(t, `UPDATE roster.memberships m SET email = $1 FROM roster.organizations o WHERE o.id = m.org_id AND o.slug = 'acme' AND m.name = 'Vic Viewer'`, address)
		if line := readCSV(t, exportOf(t, w, ann, roster.List{Role: role.Viewer}, roster.CSV))[0]; line[1] != "'"+address {
			t.Errorf("%q is written as %q", address, line[1])
		}
	}
}

func readRaw(t testing.TB, file string) [][]string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(file, "\uFEFF"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

// I152 I154: a file has what its reader may see of their own organization: nothing of another one, no secret, no digest,
// no token, nobody who left.
func TestExportHoldsNothingElse(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Join(t, w.Zoe, other, w.Person(t, "Canary Elsewhere", "canary@other.example"), role.Admin)
	w.Invite(t, w.Zoe, other, "canary-waiting@other.example", role.Viewer)
	w.Join(t, w.Zoe, other, w.Cem, role.Admin) // who is in both
	gone := w.Person(t, "Canary Gone", "canary-gone@acme.example")
	w.Join(t, w.Ann, acme, gone, role.Member)
	if _, err := w.Roster.Remove(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, gone, acme), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	link := w.Link(t, w.Ann, acme, w.Invite(t, w.Ann, acme, "lin@acme.example", role.Viewer))
	var digests []string
	for _, sql := range []string{`SELECT string_agg(encode(digest, 'hex'), ' ') FROM roster.invitation_tokens`, `SELECT string_agg(password_hash, ' ') FROM auth.credentials`} {
		var all string
		if err := w.Database.Superuser(t).QueryRow(t.Context(), sql).Scan(&all); err != nil {
			t.Fatal(err)
		}
		digests = append(digests, strings.Fields(all)...)
	}
	for _, list := range []roster.List{{}, {Search: "a"}, {Status: "pending"}} {
		for _, as := range []roster.Format{roster.CSV, roster.JSON} {
			file := exportOf(t, w, w.As(t, w.Ben, acme), list, as)
			for _, canary := range append(digests, "anary", "other.example", link, rostertest.Password, publicid.Person.Of(w.Cem.ID), w.Cem.ID.String(), w.Membership(t, w.Cem, other)) {
				if strings.Contains(file, canary) {
					t.Errorf("%+v as %s holds %q", list, as, canary)
				}
			}
		}
	}
}

// I152 C082: whoever may not export gets nothing, and whoever is demoted meanwhile gets no further page of rows.
func TestExportEndsWithThePermission(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 3500)
	for _, who := range []roster.Actor{w.As(t, w.Cem, acme), w.As(t, w.Vic, acme), w.As(t, w.Gus, acme)} {
		var to kept
		rostertest.Refused(t, w.Roster.Export(t.Context(), who, roster.List{}, roster.CSV, &to), fault.Forbidden, "Export members")
		if to.Len() > 0 {
			t.Errorf("%s gets %q", who.Person().Name, to.String())
		}
	}
	ann, ben := w.As(t, w.Ann, acme), w.As(t, w.Ben, acme)
	for _, c := range []struct {
		what string
		end  func()
	}{
		{"demoted", func() { mustChange(t, w, ann, w.Membership(t, w.Ben, acme), role.Member) }},
		{"gone", func() { // the last: nobody comes back
			if _, err := w.Roster.Remove(t.Context(), ann, w.Membership(t, w.Ben, acme), roster.Removal{}); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		mustChange(t, w, ann, w.Membership(t, w.Ben, acme), role.Admin)
		to := kept{fn: func(flushed int) {
			if flushed == 2 {
				c.end()
			}
		}}
		err := w.Roster.Export(t.Context(), ben, roster.List{}, roster.JSON, &to)
		if err == nil {
			t.Fatalf("%s: the file was written to its end", c.what)
		}
		if rows := strings.Count(to.String(), "\n{"); rows != 2000 || json.Valid(to.Bytes()) {
			t.Errorf("%s after 2,000 rows: %d rows came, taken for whole: %v", c.what, rows, json.Valid(to.Bytes()))
		}
	}
}

func mustChange(t testing.TB, w *rostertest.World, a roster.Actor, mem string, to role.Role) {
	t.Helper()
	if _, err := w.Roster.ChangeRole(t.Context(), a, mem, to); err != nil {
		t.Fatal(err)
	}
}

// C025: the log tells what was asked for and how much it was, and has it before the first byte is written.
func TestExportIsInTheLog(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 1200)
	noted := func() int {
		return w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'members.exported' AND actor_id = $1 AND subject_kind = 'organization'
			AND after = '{"format": "csv", "rows": 1200, "filter": {"role": "member", "search": "crowd", "sort": "joined", "down": true}}'`, w.Ann.ID)
	}
	to := kept{fn: func(flushed int) {
		if flushed == 1 && noted() != 1 {
			t.Error("rows leave before the log has them")
		}
	}}
	list := roster.List{Search: "crowd", Role: role.Member, Sort: "joined", Down: true}
	if err := w.Roster.Exportable(t.Context(), w.As(t, w.Ann, acme), list); err != nil || noted() != 0 {
		t.Errorf("asking whether it can be downloaded: %v, and %d entries", err, noted())
	}
	if err := w.Roster.Export(t.Context(), w.As(t, w.Ann, acme), list, roster.CSV, &to); err != nil {
		t.Fatal(err)
	}
	if noted() != 1 {
		t.Errorf("%d entries, want 1", noted())
	}
}

// U31 O13: a page of rows is in hand at a time, however long the list; and what is too long is not begun.
func TestExportIsWrittenWhileItIsRead(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 4990)
	ann := w.As(t, w.Ann, acme)
	length, pieces := 0, 0
	to := kept{}
	to.fn = func(int) {
		pieces++
		length = max(length, to.Len())
		to.Reset()
	}
	if err := w.Roster.Export(t.Context(), ann, roster.List{}, roster.CSV, &to); err != nil {
		t.Fatal(err)
	}
	if pieces != 6 || length > 250<<10 {
		t.Errorf("written in %d pieces of up to %d bytes", pieces, length)
	}
	w.Invite(t, w.Ann, acme, "one@more.example", role.Guest)
	for range 5 {
		w.Join(t, w.Ann, acme, w.Person(t, "One More", fmt.Sprintf("m%d@more.example", w.Count(t, `SELECT count(*) FROM roster.users`))), role.Guest)
	}
	for _, list := range []roster.List{{}, {Sort: "joined", Down: true}} {
		to.Reset()
		if err := w.Roster.Export(t.Context(), w.As(t, w.Ann, acme), list, roster.CSV, &to); !errors.Is(err, roster.ErrLongExport) || to.Len() > 0 {
			t.Errorf("5,001 rows: %v, %d bytes", err, to.Len())
		}
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'members.exported'`); n != 1 {
		t.Errorf("%d entries, want 1", n)
	}
}

// fileOf is a whole file of a job, as its starter downloads it.
func fileOf(t testing.TB, w *rostertest.World, a roster.Actor, job string) string {
	t.Helper()
	file, err := w.Roster.ExportedFile(t.Context(), a, job)
	if err != nil {
		t.Fatal(err)
	}
	var to kept
	if err := w.Roster.Download(t.Context(), a, file, &to); err != nil {
		t.Fatal(err)
	}
	if int64(to.Len()) != file.Bytes {
		t.Errorf("%d bytes, said to be %d", to.Len(), file.Bytes)
	}
	return to.String()
}

// start has a file written, and does nothing for it yet.
func start(t testing.TB, w *rostertest.World, a roster.Actor, list roster.List, as roster.Format) string {
	t.Helper()
	job, err := w.Roster.StartExport(t.Context(), a, list, as)
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// C025 I80: a long list is written by a job. However often that dies, before a piece is kept or after, the file has every row
// once, in the order of the list, and the log has one line with the number.
func TestALongFileIsWrittenOnce(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 11_300)
	w.SQL(t, `UPDATE roster.memberships SET status = 'suspended' WHERE name LIKE 'Crowd %7'`)
	ann := w.As(t, w.Ann, acme)
	for _, as := range []roster.Format{roster.CSV, roster.JSON} {
		list := roster.List{Sort: "joined", Down: true, Status: "active"}
		job := start(t, w, ann, list, as)
		_, err := w.Roster.ExportedFile(t.Context(), ann, job)
		rostertest.Refused(t, err, fault.Conflict, "not whole")
		// The database gives up when the second piece is kept, and then right after the last one: when the job is to end.
		for _, fails := range []string{
			`CREATE TRIGGER broken BEFORE INSERT ON roster.job_files FOR EACH ROW WHEN (new.n = 1) EXECUTE FUNCTION roster.break_off()`,
			`CREATE TRIGGER broken BEFORE UPDATE ON roster.jobs FOR EACH ROW WHEN (new.state = 'done') EXECUTE FUNCTION roster.break_off()`,
		} {
			w.SQL(t, `CREATE OR REPLACE FUNCTION roster.break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken off'; END $$`)
			w.SQL(t, fails)
			if err := goOn(t, w, job); err == nil || !strings.Contains(err.Error(), "broken off") {
				t.Fatalf("a turn that dies: %v", err)
			}
			w.SQL(t, `DROP TRIGGER IF EXISTS broken ON roster.job_files; DROP TRIGGER IF EXISTS broken ON roster.jobs`)
		}
		if err := goOn(t, w, job); err != nil {
			t.Fatal(err)
		}
		shown := screen(t, w, ann, list)
		file := fileOf(t, w, ann, job)
		var ids []string
		if as == roster.JSON {
			for _, p := range readJSON(t, file) {
				ids = append(ids, p.ID)
			}
		} else {
			for _, line := range readCSV(t, file) {
				ids = append(ids, line[8])
			}
		}
		if len(ids) != len(shown) {
			t.Fatalf("%s: %d rows, want %d", as, len(ids), len(shown))
		}
		for i, row := range shown {
			if ids[i] != row.ID {
				t.Fatalf("%s: row %d is %s, want %s", as, i, ids[i], row.ID)
			}
		}
		done, err := w.Roster.Job(t.Context(), ann, job, "", "")
		if err != nil || done.State != "done" || done.Done != len(shown) || done.Left() != 0 || done.File == nil || done.Title != "Export members as "+as.Label() || done.Outcome() == "" {
			t.Errorf("%s: %+v, %v", as, done, err)
		}
		if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'members.exported' AND after ->> 'format' = $1 AND (after -> 'rows')::int = $2 AND request_id LIKE 'req_%'`, string(as), len(shown)); n != 1 {
			t.Errorf("%s: %d entries, want 1", as, n)
		}
	}
}

// I153 I17: a file is for its starter alone, who has to be allowed to export at each download and while it is written, for 24
// hours; then it is erased.
func TestAFileIsForItsStarter(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 5200)
	ann, ben := w.As(t, w.Ann, acme), w.As(t, w.Ben, acme)
	job := start(t, w, ben, roster.List{}, roster.CSV)
	if err := goOn(t, w, job); err != nil {
		t.Fatal(err)
	}
	if file := fileOf(t, w, ben, job); strings.Count(file, "\n") != 5200+5+1 {
		t.Errorf("%d lines", strings.Count(file, "\n"))
	}
	twin := w.Person(t, "Both Owner", "both@acme.example")
	w.Join(t, w.Zoe, other, w.Ben, role.Admin)
	w.Join(t, w.Ann, acme, twin, role.Owner)
	for _, a := range []roster.Actor{ann, w.As(t, twin, acme), w.As(t, w.Zoe, other), w.As(t, w.Ben, other)} {
		_, err := w.Roster.ExportedFile(t.Context(), a, job)
		rostertest.Refused(t, err, fault.NotFound, "")
	}
	for _, id := range []string{"", "job_nonsense", w.Membership(t, w.Ben, acme)} {
		_, err := w.Roster.ExportedFile(t.Context(), ben, id)
		rostertest.Refused(t, err, fault.NotFound, "")
	}
	// Demoted between two pieces of a download, and before the next one.
	file, err := w.Roster.ExportedFile(t.Context(), ben, job)
	if err != nil {
		t.Fatal(err)
	}
	running := start(t, w, ben, roster.List{}, roster.JSON)
	to := kept{fn: func(flushed int) {
		if flushed == 1 {
			mustChange(t, w, ann, w.Membership(t, w.Ben, acme), role.Member)
		}
	}}
	if err := w.Roster.Download(t.Context(), ben, file, &to); err == nil || int64(to.Len()) >= file.Bytes {
		t.Errorf("after a demotion %d of %d bytes came: %v", to.Len(), file.Bytes, err)
	}
	_, err = w.Roster.ExportedFile(t.Context(), w.As(t, w.Ben, acme), job)
	rostertest.Refused(t, err, fault.Forbidden, "Export members")
	if err := goOn(t, w, running); err != nil {
		t.Fatal(err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.jobs j WHERE j.id = $1 AND state = 'failed' AND NOT EXISTS (SELECT FROM roster.job_files f WHERE f.job_id = j.id)`, uuidOf(running)); n != 1 {
		t.Error("a file was written for somebody who may not have it")
	}
	// 24 hours.
	mustChange(t, w, ann, w.Membership(t, w.Ben, acme), role.Admin)
	age := func(hours string) {
		w.SQL(t, `UPDATE roster.jobs SET finished_at = now() - $2::interval WHERE id = $1`, uuidOf(job), hours)
		w.SQL(t, `UPDATE roster.job_files SET made_at = now() - $2::interval WHERE job_id = $1`, uuidOf(job), hours)
		if err := w.Roster.Housekeeping(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	pieces := func() int {
		return w.Count(t, `SELECT count(*) FROM roster.job_files WHERE job_id = $1`, uuidOf(job))
	}
	ben = w.As(t, w.Ben, acme)
	if age("23 hours 59 minutes"); pieces() != 2 {
		t.Errorf("%d pieces before its time is over", pieces())
	}
	if done, err := w.Roster.Job(t.Context(), ben, job, "", ""); err != nil || done.File == nil {
		t.Errorf("before its time is over: %+v, %v", done, err)
	}
	fileOf(t, w, ben, job)
	age("24 hours 1 minute")
	_, err = w.Roster.ExportedFile(t.Context(), ben, job)
	rostertest.Refused(t, err, fault.Gone, "erased")
	if done, err := w.Roster.Job(t.Context(), ben, job, "", ""); err != nil || done.File != nil {
		t.Errorf("after its time: %+v, %v", done, err)
	}
	if age("26 hours"); pieces() != 0 {
		t.Errorf("%d pieces are left after its time", pieces())
	}
}

// I134: nobody has files written without end, and a form that comes again writes none.
func TestFilesAreCapped(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for _, who := range []roster.Actor{w.As(t, w.Cem, acme), w.As(t, w.Gus, acme)} {
		_, err := w.Roster.StartExport(t.Context(), who, roster.List{}, roster.CSV)
		rostertest.Refused(t, err, fault.Forbidden, "Export members")
	}
	for range 10 {
		if err := goOn(t, w, start(t, w, w.As(t, w.Ann, acme), roster.List{}, roster.CSV)); err != nil {
			t.Fatal(err)
		}
	}
	_, err := w.Roster.StartExport(t.Context(), w.As(t, w.Ann, acme), roster.List{}, roster.CSV)
	rostertest.Refused(t, err, fault.Conflict, "10 files")
	start(t, w, w.As(t, w.Ben, acme), roster.List{}, roster.CSV)
	w.SQL(t, `UPDATE roster.jobs SET created_at = now() - interval '25 hours'`)
	start(t, w, w.As(t, w.Ann, acme), roster.List{}, roster.CSV)
}

// A job stops when it is asked to, and leaves nothing to download.
func TestAStoppedFileIsNone(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Crowd(t, 200)
	ann := w.As(t, w.Ann, acme)
	job := start(t, w, ann, roster.List{}, roster.CSV)
	if err := w.Roster.StopJob(t.Context(), ann, job); err != nil {
		t.Fatal(err)
	}
	if err := goOn(t, w, job); err != nil {
		t.Fatal(err)
	}
	_, err := w.Roster.ExportedFile(t.Context(), ann, job)
	rostertest.Refused(t, err, fault.Conflict, "not whole")
}
