package roster_test

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"roster/internal/account"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/rostertest"
	"roster/internal/sheet"
)

// draft reads a file as somebody of Acme.
func draft(t *testing.T, w *rostertest.World, by account.Person, file string) string {
	t.Helper()
	id, err := w.Roster.ReadImport(t.Context(), w.As(t, by, acme), roster.ImportFile{Name: "people.csv", Data: []byte(file), Role: "member", Days: 7})
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func look(t *testing.T, w *rostertest.World, by account.Person, id, show string) roster.Import {
	t.Helper()
	page, err := w.Roster.Import(t.Context(), w.As(t, by, acme), id, show, "")
	if err != nil {
		t.Fatal(err)
	}
	return page
}

// verdicts spells the rows of a page: 4 role, 2 ready.
func verdicts(page roster.Import) string {
	var all []string
	for _, r := range page.Rows {
		all = append(all, fmt.Sprintf("%d %s", r.N, r.Kind))
	}
	return strings.Join(all, ", ")
}

// sent starts the job of a draft and has workers go on with it until it is over.
func sent(t *testing.T, w *rostertest.World, by account.Person, id string, ready int) roster.Job {
	t.Helper()
	job, err := w.Roster.SendImport(t.Context(), w.As(t, by, acme), id, ready, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ended(t, w, by, job)
}

func ended(t *testing.T, w *rostertest.World, by account.Person, job string) roster.Job {
	t.Helper()
	for range 200 {
		_ = goOn(t, w, job) // a worker that gives others their turn says so by an error
		j, err := w.Roster.Job(t.Context(), w.As(t, by, acme), job, "", "")
		if err != nil {
			t.Fatal(err)
		}
		if j.Over() {
			return j
		}
	}
	t.Fatal("the job does not end")
	return roster.Job{}
}

// C044 C056 C066: each row of a file has its verdict before anything is sent, those to fix first; that somebody is here is
// said before what is wrong with the rest of the row.
func TestEveryRowHasAVerdict(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	w.Invite(t, w.Ann, acme, "already@acme.example", role.Member)
	w.SQL(t, `INSERT INTO roster.invitation_blocks (org_id, email_norm) SELECT id, 'blocked@acme.example' FROM roster.organizations WHERE slug = 'acme'`)
	file := "Role;E-Mail;Message;Full Name\n" +
		";new@acme.example;;Ann New\n" + // 2
		"owner;CEM@acme.example;;\n" +
		";already@acme.example;;\n" +
		";blocked@acme.example;;\n" +
		"owner;top@acme.example;;\n" + // 6
		"recruiter;rec@acme.example;;\n" +
		";petra@acme;;Petra\n" +
		"Viewer;vi@ACME.example;;\n" +
		";new@acme.example;;again\n" + // 10
		";m@acme.example;see https://x.example;\n" +
		";;;nobody\n" +
		";two@acme.example three@acme.example;;\n" +
		"Guest, Viewer;Gil <gil@gmail.com>;Hello;\n" // 14
	id := draft(t, w, w.Ann, file)
	page := look(t, w, w.Ann, id, "")
	if got, want := verdicts(page), "6 role, 7 role, 8 invalid, 11 message, 12 invalid, 13 invalid, 3 member, 4 invited, 5 blocked, 10 twice, 2 ready, 9 corrected, 14 ready"; got != want {
		t.Errorf("verdicts\n\t%s, want\n\t%s", got, want)
	}
	if page.ToFix != 6 || page.Skipped != 4 || page.Ready != 3 || page.Total() != 13 || page.Job != "" {
		t.Errorf("%+v", page)
	}
	for i, words := range []string{"You cannot give the role Owner by invitation. Choose Admin or lower.", "There is no role “recruiter”", "Did you mean petra@acme.example?", "web addresses"} {
		if !strings.Contains(page.Rows[i].Note, words) {
			t.Errorf("row %d says %q, not %q", page.Rows[i].N, page.Rows[i].Note, words)
		}
	}
	if last := page.Rows[12]; last.Name != "Gil" || last.As("member") != role.Viewer {
		t.Errorf("%+v", last)
	}
	if got := verdicts(look(t, w, w.Ann, id, "skipped")); got != "3 member, 4 invited, 5 blocked, 10 twice" {
		t.Errorf("skipped: %s", got)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE state = 'open'`); n != 1 {
		t.Errorf("%d invitations before anything was sent", n)
	}
	// The admin may give less.
	if note := look(t, w, w.Ben, draft(t, w, w.Ben, "a@acme.example,,admin\nb@acme.example,,member"), "fix").Rows[0].Note; note != "You cannot give the role Admin by invitation. Choose Member or lower." {
		t.Errorf("the admin is told %q", note)
	}
}

// C044: what cannot be read is said to be so, in a sentence.
func TestAFileThatCannotBeRead(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for file, words := range map[string]string{
		"": "empty", "ann@x.example|Ann|member\nben@x.example|Ben|member": "Row 1 has 1 column. We need at least an e-mail column. Is it separated by something other than , ; or tab?",
		"name,role\nAnn,member": "Row 1 has 2 columns. We need at least an e-mail column.", "email,name\n": "no rows", "PK\x03\x04": "save it as CSV",
		strings.Repeat("a@x.example\n", roster.ImportRowsMax+1): "more than 5,000 rows", strings.Repeat("a@x.example,,,"+strings.Repeat("x", 1000)+"\n", 1040): "larger than 1 MB",
	} {
		_, err := w.Roster.ReadImport(t.Context(), w.As(t, w.Ann, acme), roster.ImportFile{Data: []byte(file), Role: "member", Days: 7})
		rostertest.Refused(t, err, fault.Invalid, words)
	}
	_, err := w.Roster.ReadImport(t.Context(), w.As(t, w.Ben, acme), roster.ImportFile{Data: []byte("a@x.example"), Role: "admin", Days: 3})
	rostertest.Refused(t, err, fault.Invalid, "you cannot invite anybody as an Admin")
	_, err = w.Roster.ReadImport(t.Context(), w.As(t, w.Cem, acme), roster.ImportFile{Data: []byte("a@x.example"), Role: "member", Days: 7})
	rostertest.Refused(t, err, fault.Forbidden, "Your role is now Member")
}

// N34 C044 C060 C070: of 5,000 rows with 37 bad ones 4,963 are sent, and 37 are explained; the same file again sends nothing,
// and what was corrected is sent alone.
func TestFiveThousandRows(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	var file strings.Builder
	file.WriteString("email,name,role,message\r\n")
	for i := range roster.ImportRowsMax {
		email := fmt.Sprintf("person%d@import.example", i)
		if i%136 == 0 { // 37 times
			email = fmt.Sprintf("person%d@import", i)
		}
		fmt.Fprintf(&file, "%s,\"Person, %d\",%s,\r\n", email, i, []string{"", "viewer", "guest"}[i%3])
	}
	id := draft(t, w, w.Ann, file.String())
	page := look(t, w, w.Ann, id, "")
	if page.ToFix != 37 || page.Ready != 4_963 || page.Skipped != 0 || len(page.Rows) != roster.PageSize || page.Next == "" || !page.FirstDay {
		t.Fatalf("%d to fix, %d ready, %d skipped", page.ToFix, page.Ready, page.Skipped)
	}
	seen := len(page.Rows)
	for after := page.Next; after != ""; {
		next, err := w.Roster.Import(t.Context(), w.As(t, w.Ann, acme), id, "", after)
		if err != nil {
			t.Fatal(err)
		}
		seen, after = seen+len(next.Rows), next.Next
	}
	if seen != roster.ImportRowsMax {
		t.Errorf("the pages have %d rows", seen)
	}
	job := sent(t, w, w.Ann, id, 4_963)
	if job.State != "done" || job.Done != 4_963 || job.Outcome() != "4,963 sent" {
		t.Errorf("%s: %s", job.State, job.Outcome())
	}
	for what, sql := range map[string]string{
		"invitations": `SELECT count(*) FROM roster.invitations WHERE state = 'open' AND delivery = 'queued'`,
		"letters":     `SELECT count(*) FROM river.river_job WHERE args->>'letter' = 'invitation'`,
		"entries":     `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.sent' AND subject_name LIKE '%@import.example'`,
	} {
		if n := w.Count(t, sql) - map[string]int{"letters": 4}[what]; n != 4_963 {
			t.Errorf("%d %s", n, what)
		}
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE roles = '{viewer}' AND email_norm LIKE '%@import.example'`); n < 1_600 || n > 1_700 {
		t.Errorf("%d viewers", n)
	}
	w.SQL(t, `ANALYZE roster.invitations`) // as PostgreSQL does by itself within a minute
	again := look(t, w, w.Ann, draft(t, w, w.Ann, file.String()), "")
	if again.Ready != 0 || again.Skipped != 4_963 || again.ToFix != 37 {
		t.Errorf("the same file again: %+v", again)
	}
	_, err := w.Roster.SendImport(t.Context(), w.As(t, w.Ann, acme), again.ID, 0, nil)
	rostertest.Refused(t, err, fault.Conflict, "No row is ready")

	problems, err := w.Roster.ImportProblems(t.Context(), w.As(t, w.Ann, acme), id)
	if err != nil || len(problems) != 1+37 || problems[1][0] != "person0@import" || problems[1][1] != "Person, 0" || problems[1][4] == "" {
		t.Errorf("%d problems: %v, %v", len(problems), problems[:2], err)
	}
	fixed, err := w.Roster.CheckImport(t.Context(), w.As(t, w.Ann, acme), id, []roster.ImportFix{{N: 2, Email: "person0@import.example"}}, "", "")
	if err != nil || fixed.Fixed != 1 || fixed.ToFix != 36 || fixed.Ready != 1 || fixed.Sent != 4_963 {
		t.Errorf("%+v, %v", fixed, err)
	}
	if job := sent(t, w, w.Ann, id, 1); job.Done != 1 {
		t.Errorf("%+v", job)
	}
	// 4,964 people in a day are many; 1,037 more are too many.
	w.SQL(t, `UPDATE roster.inviter_counts SET n = n + 1036`)
	_, err = w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), roster.Invite{Addresses: "one@more.example", Role: "member"})
	rostertest.Refused(t, err, fault.TooMany, "Nobody invites more than 6000 people in 24 hours")
	if _, err := w.Roster.Invite(t.Context(), w.As(t, w.Ben, acme), roster.Invite{Addresses: "one@more.example", Role: "member"}); err != nil {
		t.Error(err)
	}
}

// C044: what is typed into rows is kept, right or wrong, and judged; another row's verdict follows.
func TestRowsAreCorrected(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	id := draft(t, w, w.Ann, "a@acme.example,A,owner\nb@,B,member\nc@acme.example,C,,http://x.example\nd@acme.example,D\nd@acme.example,D")
	ann := w.As(t, w.Ann, acme)
	message := "Hello"
	page, err := w.Roster.CheckImport(t.Context(), ann, id, []roster.ImportFix{{N: 1, Email: "a@acme.example", Role: "viewer"}, {N: 2, Email: "b@acme", Role: "member"},
		{N: 3, Email: "c@acme.example", Message: &message}, {N: 99, Email: "x@acme.example"}}, "", "")
	if err != nil || verdicts(page) != "2 invalid, 5 twice, 1 ready, 3 ready, 4 ready" || page.Rows[0].Email != "b@acme" || page.Fixed != 2 {
		t.Fatalf("%+v, %v", page, err)
	}
	if stored := look(t, w, w.Ann, id, ""); verdicts(stored) != verdicts(page) || stored.Rows[0] != page.Rows[0] || stored.Ready != page.Ready || stored.ToFix != 1 {
		t.Errorf("kept is %+v", stored)
	}
	// What was typed and not looked at is not sent, and neither is another number than the button said.
	_, err = w.Roster.SendImport(t.Context(), ann, id, 3, []roster.ImportFix{{N: 2, Email: "b@acme.example", Role: "member"}})
	rostertest.Refused(t, err, fault.Conflict, "checked first")
	_, err = w.Roster.SendImport(t.Context(), ann, id, 2, nil)
	rostertest.Refused(t, err, fault.Conflict, "3 rows are ready now, not 2")
	w.Invite(t, w.Ben, acme, "d@acme.example", role.Guest) // meanwhile
	job := sent(t, w, w.Ann, id, 3)
	if job.State != "done" || job.Done != 2 || job.Skipped != 1 || job.Items[0].Label != "d@acme.example" || job.Items[0].Note != "Already invited; the open invitation stays." {
		t.Errorf("%+v", job)
	}
	if got := verdicts(look(t, w, w.Ann, id, "")); got != "2 invalid, 4 invited, 5 twice, 1 sent, 3 sent" {
		t.Errorf("afterwards %s", got)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email = 'c@acme.example' AND message = 'Hello' AND roles = '{member}' AND expires_at = created_at + interval '7 days'`); n != 1 {
		t.Error("the message did not go along")
	}
}

// C169 R30: a job that is stopped keeps what was sent, one that dies sends no row twice, and the rest can be sent after it. A
// second press finds the job that is at work.
func TestSendingIsStoppedAndGoneOnWith(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	var file strings.Builder
	for i := range 120 {
		fmt.Fprintf(&file, "p%d@acme.example\n", i)
	}
	id := draft(t, w, w.Ann, file.String())
	ann := w.As(t, w.Ann, acme)
	job, err := w.Roster.SendImport(t.Context(), ann, id, 120, nil)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := w.Roster.SendImport(t.Context(), w.As(t, w.Ann, acme), id, 120, nil); err != nil || second != job {
		t.Errorf("a second press starts %s beside %s, %v", second, job, err)
	}
	_, err = w.Roster.CheckImport(t.Context(), ann, id, nil, "", "")
	rostertest.Refused(t, err, fault.Conflict, "is being sent")
	// It is asked to stop while its first part is at work: a trigger presses Stop then.
	w.SQL(t, `CREATE FUNCTION public.stop_soon() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.stop_asked := NEW.done > 0; RETURN NEW; END $$`)
	w.SQL(t, `CREATE TRIGGER stop_soon BEFORE UPDATE ON roster.jobs FOR EACH ROW EXECUTE FUNCTION public.stop_soon()`)
	stopped := ended(t, w, w.Ann, job)
	w.SQL(t, `DROP TRIGGER stop_soon ON roster.jobs`)
	if stopped.State != "stopped" || stopped.Done != 50 || stopped.Left() != 70 {
		t.Fatalf("%s: %s", stopped.State, stopped.Outcome())
	}
	page := look(t, w, w.Ann, id, "")
	if page.Sent != 50 || page.Ready != 70 || page.AtWork {
		t.Fatalf("%+v", page)
	}
	// Its last part is done, and the process dies before it says that it is over.
	rest := sent(t, w, w.Ann, id, 70)
	w.SQL(t, `UPDATE roster.jobs SET state = 'running', finished_at = NULL WHERE id = $1`, uuidOf(rest.ID))
	w.SQL(t, `UPDATE roster.job_items SET state = 'waiting' WHERE job_id = $1 AND n > 100`, uuidOf(rest.ID))
	ended(t, w, w.Ann, rest.ID)
	if n, letters := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm LIKE 'p%@acme.example'`), len(w.Tokens(t, mail.KindInvitation, "p")); n != 120 || letters < 120 || letters > 125 {
		t.Errorf("%d invitations, %d letters", n, letters)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.audit_events WHERE event = 'invitation.sent' AND subject_name LIKE 'p%@acme.example'`); n != 120 {
		t.Errorf("%d entries", n)
	}
	// Who may not invite any more sends nothing more.
	id = draft(t, w, w.Ben, "later@acme.example")
	job, err = w.Roster.SendImport(t.Context(), w.As(t, w.Ben, acme), id, 1, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Roster.ChangeRole(t.Context(), ann, w.Membership(t, w.Ben, acme), role.Viewer); err != nil {
		t.Fatal(err)
	}
	if last := ended(t, w, w.Ben, job); last.State != "failed" || last.Done != 0 || !strings.Contains(last.Problem, "Your role is now Viewer") {
		t.Errorf("%+v", last)
	}
}

// I60 I158: only its maker sees a draft, in its organization alone; and a file that names another organization's rows changes
// nothing there.
func TestADraftIsItsMakers(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	id := draft(t, w, w.Ann, "zoe@other.example,Zoe,member\nb@")
	w.Join(t, w.Zoe, rostertest.Other, w.Ann, role.Admin)
	before := w.Count(t, `SELECT count(*) FROM roster.invitations i JOIN roster.organizations o ON o.id = i.org_id WHERE o.slug = 'other'`)
	for _, a := range []roster.Actor{w.As(t, w.Ben, acme), w.As(t, w.Zoe, rostertest.Other), w.As(t, w.Ann, rostertest.Other)} {
		_, err := w.Roster.Import(t.Context(), a, id, "", "")
		rostertest.Refused(t, err, fault.NotFound, "")
		_, err = w.Roster.CheckImport(t.Context(), a, id, []roster.ImportFix{{N: 2, Email: "b@acme.example"}}, "", "")
		rostertest.Refused(t, err, fault.NotFound, "")
		_, err = w.Roster.SendImport(t.Context(), a, id, 1, nil)
		rostertest.Refused(t, err, fault.NotFound, "")
		_, err = w.Roster.ImportProblems(t.Context(), a, id)
		rostertest.Refused(t, err, fault.NotFound, "")
	}
	if page := look(t, w, w.Ann, id, ""); page.ToFix != 1 || page.Ready != 1 {
		t.Errorf("%+v", page)
	}
	sent(t, w, w.Ann, id, 1)
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations i JOIN roster.organizations o ON o.id = i.org_id WHERE o.slug = 'other'`); n != before {
		t.Errorf("%d invitations more in the other organization", n-before)
	}
	// After a day it is forgotten.
	w.SQL(t, `UPDATE roster.imports SET created_at = now() - interval '25 hours'`)
	_, err := w.Roster.Import(t.Context(), w.As(t, w.Ann, acme), id, "", "")
	rostertest.Refused(t, err, fault.NotFound, "")
	if err := w.Roster.Housekeeping(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.import_rows`); n != 0 {
		t.Errorf("%d rows are left of it", n)
	}
	for _, bad := range []string{"9-1", "x", "1-01", "1", "-1-1", "1--1"} {
		_, err := w.Roster.Import(t.Context(), w.As(t, w.Ann, acme), id, "", bad)
		rostertest.Refused(t, err, fault.Malformed, "")
	}
}

// U31: a table of members that was exported elsewhere, with columns of its own in an order of its own, is read and makes the
// same people; what Roster writes, it reads again.
func TestAnExportIsImported(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	var file bytes.Buffer
	if err := sheet.Write(&file, [][]string{{"Name", "E-mail", "Roles", "Status", "Joined", "Member ID"},
		{"=Ann Owner", "ann@acme.example", "Owner", "active", "2026-03-01T09:00:00Z", "mem_1"}, {"Ben", "+ben@elsewhere.example", "Admin", "active", "", ""},
		{"Vic", "vic@elsewhere.example", "Viewer, Guest", "suspended", "", ""}}); err != nil {
		t.Fatal(err)
	}
	id := draft(t, w, w.Ann, file.String())
	page := look(t, w, w.Ann, id, "")
	if got := verdicts(page); got != "2 member, 4 gone, 3 ready" || page.Rows[1].Note != "The file says “suspended”." || page.Rows[0].Name != "=Ann Owner" || page.Rows[2].Email != "+ben@elsewhere.example" {
		t.Fatalf("%s: %+v", got, page.Rows)
	}
	if page, err := w.Roster.CheckImport(t.Context(), w.As(t, w.Ann, acme), id, []roster.ImportFix{{N: 4, Anyway: true}}, "", ""); err != nil || page.Ready != 2 {
		t.Fatalf("%+v, %v", page, err)
	}
	sent(t, w, w.Ann, id, 2)
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE (email, roles) IN (('+ben@elsewhere.example', '{admin}'), ('vic@elsewhere.example', '{viewer}'))`); n != 2 {
		t.Errorf("%d of 2 are invited as they were", n)
	}
}

// B221: whom a file says to be gone is set aside with its word for it, stays so however often the rows are checked, is not sent,
// and is invited where somebody says so.
func TestWhoIsGoneIsSetAside(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	id := draft(t, w, w.Ann, "username,email,status,fullname\nann,ann.b@x.example,Member,Ann B\nbob,bob@x.example,Deactivated,Bob\nbeep,beep@x.example,Bot,Beep\nbob2,BOB@x.example,Member,Bob\ncem,cem@acme.example,Deactivated,Cem\nlost,,Deleted,Lost")
	ann := w.As(t, w.Ann, acme)
	page := look(t, w, w.Ann, id, "")
	if got := verdicts(page); got != "3 gone, 4 gone, 6 gone, 7 gone, 2 ready, 5 ready" || page.Skipped != 4 || page.Rows[0].Note != "The file says “Deactivated”." || page.Rows[1].Note != "The file says “Bot”." || page.Rows[4].Name != "Ann B" {
		t.Fatalf("%s: %+v", got, page.Rows)
	}
	page, err := w.Roster.CheckImport(t.Context(), ann, id, nil, "", "")
	if err != nil || verdicts(page) != "3 gone, 4 gone, 6 gone, 7 gone, 2 ready, 5 ready" {
		t.Fatalf("%s, %v", verdicts(page), err)
	}
	_, err = w.Roster.SendImport(t.Context(), ann, id, 2, []roster.ImportFix{{N: 4, Anyway: true}})
	rostertest.Refused(t, err, fault.Conflict, "checked first")
	page, err = w.Roster.CheckImport(t.Context(), w.As(t, w.Ann, acme), id, []roster.ImportFix{{N: 4, Anyway: true}, {N: 3, Anyway: true}, {N: 6, Anyway: true}, {N: 7, Anyway: true}, {N: 2, Anyway: true}, {N: 99, Anyway: true}}, "", "")
	if err != nil || verdicts(page) != "7 invalid, 5 twice, 6 member, 2 ready, 3 ready, 4 ready" {
		t.Fatalf("%s, %v", verdicts(page), err)
	}
	if stored := look(t, w, w.Ann, id, ""); verdicts(stored) != verdicts(page) {
		t.Errorf("kept is %s", verdicts(stored))
	}
	sent(t, w, w.Ann, id, 3)
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email IN ('ann.b@x.example', 'bob@x.example', 'beep@x.example')`); n != 3 {
		t.Errorf("%d of 3 are invited", n)
	}
}

// B224: a word for a role that is not known is asked about once for all of its rows, however it is spelled; what was chosen in
// a row itself stands, and nobody is given more by it than they may be.
func TestOneChoiceForEachWord(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	var file strings.Builder
	file.WriteString("email,role\n")
	for i := range 120 {
		fmt.Fprintf(&file, "p%d@x.example,%s\n", i, []string{"Praktikant", "PRAKTIKANT", "Chef", "Administrator", "Mitglied"}[i%5])
	}
	file.WriteString("alone@x.example,Koch\nnobody@,Chef\nowner@x.example,Owner\nowner2@x.example,Owner\n")
	id := draft(t, w, w.Ann, file.String())
	page := look(t, w, w.Ann, id, "fix")
	if len(page.RoleWords) != 2 || page.RoleWords[0].N != 48 || !strings.EqualFold(page.RoleWords[0].Word, "praktikant") || page.RoleWords[1] != (roster.RoleWord{Word: "Chef", N: 25}) || page.Ready != 48 || page.ToFix != 76 {
		t.Fatalf("%+v, %d ready, %d to fix", page.RoleWords, page.Ready, page.ToFix)
	}
	ann := w.As(t, w.Ann, acme)
	_, err := w.Roster.SendImport(t.Context(), ann, id, 48, []roster.ImportFix{{Word: "praktikant", Role: "guest"}})
	rostertest.Refused(t, err, fault.Conflict, "checked first")
	fixes := []roster.ImportFix{{N: 2, Email: "p0@x.example", Role: "viewer"}, {N: 3, Email: "p1@x.example", Role: "PRAKTIKANT"}, {Word: "praktikant", Role: "guest"}, {Word: "Chef"}, {Word: "Administrator", Role: "guest"}, {Word: "Nobody", Role: "guest"}}
	page, err = w.Roster.CheckImport(t.Context(), ann, id, fixes, "", "")
	if err != nil || page.Ready != 96 || page.Fixed != 48 || len(page.RoleWords) != 1 || page.RoleWords[0] != (roster.RoleWord{Word: "Chef", N: 25}) {
		t.Fatalf("%+v, %d ready, %v", page.RoleWords, page.Ready, err)
	}
	page, err = w.Roster.CheckImport(t.Context(), w.As(t, w.Ann, acme), id, []roster.ImportFix{{Word: "Chef", Role: "owner"}}, "", "")
	if err != nil || page.Ready != 96 || len(page.RoleWords) != 0 {
		t.Fatalf("%+v, %d ready, %v", page.RoleWords, page.Ready, err)
	}
	sent(t, w, w.Ann, id, 96)
	for as, want := range map[role.Role]int{role.Admin: 24, role.Member: 24, role.Guest: 47, role.Viewer: 1} {
		if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email LIKE 'p%@x.example' AND roles = ARRAY[$1]`, string(as)); n != want {
			t.Errorf("%d are invited as %s, want %d", n, as, want)
		}
	}
}

// B288: somebody says which column of a file is which and which row names them, without bringing it again; what they had
// corrected stays in the draft that they came from, and what the choices lack is said.
func TestColumnsAreChosen(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	file := "List of June\nWho;Private;Work;Level;Password\nAnn B;ann@home.example;ann@work.example;viewer;secret1\nBen C;ben@home.example;ben@work.example;Deactivated;secret2\n"
	id := draft(t, w, w.Ann, file)
	ann := w.As(t, w.Ann, acme)
	if _, err := w.Roster.CheckImport(t.Context(), ann, id, []roster.ImportFix{{N: 3, Email: "corrected@home.example"}}, "", ""); err != nil {
		t.Fatal(err)
	}
	columns, err := w.Roster.ImportColumns(t.Context(), ann, id)
	if err != nil || len(columns.Columns) != 5 || len(columns.Rows) != 4 || columns.Rows[0].N != 1 || !slices.Contains(columns.Columns[2].Cells, "ann@work.example") {
		t.Fatalf("%+v, %v", columns, err)
	}
	for what, choice := range map[string]struct {
		heading int
		kinds   map[int]string
		words   string
	}{
		"no address":     {2, map[int]string{0: "full"}, "Choose which column has the e-mail addresses."},
		"twice":          {2, map[int]string{1: "email", 2: "email"}, "Two columns are “E-mail address”"},
		"no such kind":   {2, map[int]string{2: "email", 3: "king"}, "Choose one of the list."},
		"no such row":    {9, map[int]string{2: "email"}, "Choose one of the rows in the list."},
		"no such number": {-1, map[int]string{2: "email"}, "Choose one of the rows in the list."},
		"no such column": {2, map[int]string{-1: "email", 99: "email"}, "Choose which column"},
		"no rows below":  {4, map[int]string{2: "email"}, "no rows below"},
	} {
		_, err := w.Roster.ReadColumns(t.Context(), w.As(t, w.Ann, acme), id, choice.heading, choice.kinds)
		t.Log(what)
		rostertest.Refused(t, err, fault.Invalid, choice.words)
	}
	other, err := w.Roster.ReadColumns(t.Context(), w.As(t, w.Ann, acme), id, 2, map[int]string{0: "full", 1: "", 2: "email", 3: "status"})
	if err != nil || other == id {
		t.Fatalf("%s, %v", other, err)
	}
	page := look(t, w, w.Ann, other, "")
	if verdicts(page) != "4 gone, 3 ready" || page.Rows[1].Email != "ann@work.example" || page.Rows[1].Name != "Ann B" || page.Rows[1].As(role.Member) != role.Viewer || page.Heading != 2 || !page.Columns || page.File != "people.csv" {
		t.Errorf("%+v", page)
	}
	if before := look(t, w, w.Ann, id, ""); !slices.ContainsFunc(before.Rows, func(r roster.ImportRow) bool { return r.Email == "corrected@home.example" }) {
		t.Errorf("what was corrected is lost: %+v", before.Rows)
	}
	everybody, err := w.Roster.ReadColumns(t.Context(), w.As(t, w.Ann, acme), other, 0, map[int]string{2: "email"})
	if err != nil || verdicts(look(t, w, w.Ann, everybody, "")) != "1 invalid, 2 invalid, 3 ready, 4 ready" {
		t.Errorf("%+v, %v", look(t, w, w.Ann, everybody, ""), err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.imports WHERE cells::text LIKE '%secret1%'`); n != 0 {
		t.Errorf("%d drafts keep passwords", n)
	}
	// Another's is not there, and of one that was read before cells were kept it is said.
	for _, a := range []roster.Actor{w.As(t, w.Ben, acme), w.As(t, w.Zoe, rostertest.Other)} {
		_, err = w.Roster.ImportColumns(t.Context(), a, id)
		rostertest.Refused(t, err, fault.NotFound, "")
		_, err = w.Roster.ReadColumns(t.Context(), a, id, 0, map[int]string{2: "email"})
		rostertest.Refused(t, err, fault.NotFound, "")
	}
	w.SQL(t, `UPDATE roster.imports SET cells = DEFAULT, layout = DEFAULT, heading = DEFAULT`)
	_, err = w.Roster.ImportColumns(t.Context(), ann, id)
	rostertest.Refused(t, err, fault.Conflict, "Bring it again")
	if page := look(t, w, w.Ann, id, ""); page.Columns || page.Heading != 0 {
		t.Errorf("%+v", page)
	}
}

// C035: who was a member before is told to be so before they are invited, and can be given the role that they had, if the
// inviter may give it.
func TestAFormerMemberGetsTheirRoleBack(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	if _, err := w.Roster.Remove(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, w.Ben, acme), roster.Removal{}); err != nil {
		t.Fatal(err)
	}
	w.SQL(t, `UPDATE roster.memberships SET ended_at = '2026-03-03T10:00:00Z' WHERE user_id = $1`, w.Ben.ID)
	form := roster.Invite{Addresses: w.Ben.Email, Role: "viewer", MayPreview: true}
	asked, err := w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), form)
	if err != nil || !asked.Previewed || asked.Sent != 0 || asked.Verdicts[0].Was != role.Admin || asked.Verdicts[0].Note != "Was a member until 3 Mar 2026 as an Admin." {
		t.Fatalf("%+v, %v", asked, err)
	}
	w.Join(t, w.Ann, acme, w.Zoe, role.Admin)
	less, err := w.Roster.Invite(t.Context(), w.As(t, w.Zoe, acme), roster.Invite{Addresses: w.Ben.Email + " x@acme.example", Role: "viewer", Preview: true})
	if err != nil || less.Verdicts[0].Was != "" || less.Verdicts[0].Note == "" {
		t.Errorf("an admin is offered to give Admin: %+v, %v", less, err)
	}
	form.MayPreview, form.Restore = false, true
	invited, err := w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), form)
	if err != nil || invited.Sent != 1 {
		t.Fatalf("%+v, %v", invited, err)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email_norm = $1 AND state = 'open' AND roles = '{admin}'`, w.Ben.EmailNorm); n != 1 {
		t.Error("they are not invited as an admin")
	}
}

// C045: any time from an hour to thirty days is kept to the second.
func TestALifeInHours(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	for seconds, ok := range map[int]bool{3600: true, 5400: true, 30 * 86400: true, 3599: false, 30*86400 + 1: false, -3600: false} {
		_, err := w.Roster.Invite(t.Context(), w.As(t, w.Ann, acme), roster.Invite{Addresses: fmt.Sprintf("s%d@acme.example", seconds), Role: "member", Life: time.Duration(seconds) * time.Second})
		if !ok {
			rostertest.Refused(t, err, fault.Invalid, "between 1 hour and 30 days")
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email = $1 AND expires_at = created_at + make_interval(secs => $2) AND life = make_interval(secs => $2)`, fmt.Sprintf("s%d@acme.example", seconds), float64(seconds)); n != 1 {
			t.Errorf("%d seconds: not as chosen", seconds)
		}
	}
}

// C066 I57: what the maker might give when they read a file counts for nothing when it is sent.
func TestARowIsJudgedAnewWhenItIsSent(t *testing.T) {
	t.Parallel()
	w := rostertest.New(t)
	owner := w.Person(t, "Olga Owner", "olga@acme.example")
	w.Join(t, w.Ann, acme, owner, role.Owner)
	id := draft(t, w, owner, "a@acme.example,,admin\nb@acme.example,,viewer")
	job, err := w.Roster.SendImport(t.Context(), w.As(t, owner, acme), id, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Roster.ChangeRole(t.Context(), w.As(t, w.Ann, acme), w.Membership(t, owner, acme), role.Admin); err != nil {
		t.Fatal(err)
	}
	if done := ended(t, w, owner, job); done.Done != 1 || done.Skipped != 1 || !strings.Contains(done.Items[0].Note, "You cannot give the role Admin") {
		t.Errorf("%+v", done)
	}
	if n := w.Count(t, `SELECT count(*) FROM roster.invitations WHERE email = 'a@acme.example'`); n != 0 {
		t.Error("an admin was invited by one")
	}
}
