package invitations

import (
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"roster/internal/golden"
	"roster/internal/role"
	"roster/internal/roster"
	"roster/internal/sheet"
	"roster/views/layout"
	"roster/views/ui"
)

var now = time.Date(2026, 3, 17, 9, 41, 0, 0, time.UTC)

func ago(d time.Duration) time.Time { return now.Add(-d) }

const day = 24 * time.Hour

func place() Place {
	return Place{Slug: "acme", Days: 7, Roles: []role.Role{role.Owner}, MayInvite: true, MayRevoke: true, SeesNames: true, Mails: true,
		Origin: "https://roster.example", Org: "org_acme", Person: "mark", Now: now}
}

func frame(title string) layout.Page {
	return layout.Page{Title: title, Section: "invitations", Now: now, MayCreate: true, Shortcuts: true,
		Org: &layout.Org{ID: "org_acme", Slug: "acme", Name: "Acme Robotics", RoleLabel: "Owner", Initials: "AR", Hue: 1, Members: 248, Invitations: 6,
			MaySeeMembers: true, MaySeeInvitations: true, MayInvite: true},
		Person: &layout.Person{Name: "Mara Lindqvist", Email: "mara@acme.example", Mark: "mark", Initials: "ML", Hue: 1}}
}

func invitation(id, email, state, delivery string) roster.Invitation {
	return roster.Invitation{ID: "inv_" + id, Email: email, Roles: []role.Role{role.Member}, Inviter: "Mara Lindqvist", Created: ago(2 * day), Sent: ago(2 * day),
		Expires: now.Add(5 * day), State: state, Delivery: delivery}
}

// rows are one of each kind.
func rows() []roster.Invitation {
	failed := invitation("4", "f.adeyemi@acme.exmaple", "open", "failed")
	failed.DeliveryDetail = "no such domain"
	guest := invitation("3", "ines@studio-moreau.example", "open", "sent")
	guest.Roles, guest.Inviter = []role.Role{role.Guest}, "Priya Raman"
	admin := invitation("5", "s.haddad@acme.example", "open", "copied")
	admin.Roles, admin.Expires = []role.Role{role.Admin}, now.Add(7*time.Hour)
	expired := invitation("7", "hana.novak@acme.example", "expired", "sent")
	expired.Created, expired.Sent, expired.Expires = ago(15*day), ago(15*day), ago(8*day)
	accepted := invitation("8", "kaito@acme.example", "accepted", "sent")
	declined := invitation("9", "viktor@rival.example", "declined", "sent")
	revoked := invitation("10", "old@acme.example", "revoked", "none")
	accepted.Decided, declined.Decided, revoked.Decided, revoked.Inviter = ago(day), ago(day), ago(day), ""
	return []roster.Invitation{
		invitation("1", "lin.zhao@acme.example", "open", "queued"), invitation("2", "r.castellanos@acme.example", "open", "sent"), guest, failed, admin,
		invitation("6", "kenji.mori@acme.example", "open", "held"), expired, accepted, declined, revoked,
	}
}

func view() View {
	return View{Place: place(), List: List{Rows: rows(), Next: "next"}, Members: 248, Open: 6}
}

// verdicts are one of each kind, as a preview has them.
func verdicts() []roster.Verdict {
	return []roster.Verdict{
		{Raw: "noemi.bauer@acme.example", Email: "noemi.bauer@acme.example", Kind: "ready"},
		{Raw: "grace@ACME.EXAMPLE", Email: "grace@acme.example", Kind: "corrected", Note: "domain in lower case"},
		{Raw: "samuel@acme.example", Email: "samuel@acme.example", Kind: "member", Note: "Samuel Okafor is already a member.", Member: "mem_1"},
		{Raw: "petra.holm@acme", Kind: "invalid", Note: "Check the part after the @. It looks like example.com"},
		{Raw: "lin.zhao@acme.example", Email: "lin.zhao@acme.example", Kind: "invited", Note: "Already invited; the open invitation stays.", ID: "inv_1"},
		{Raw: "noemi.bauer@acme.example", Email: "noemi.bauer@acme.example", Kind: "twice", Note: "Twice in the list; one invitation is enough."},
		{Raw: "viktor@rival.example", Email: "viktor@rival.example", Kind: "blocked", Note: "This person asked not to be invited here."},
	}
}

// imported is a draft with a row of each kind.
func imported(show, next string) ImportView {
	return ImportView{Place: place(), Show: show, Import: roster.Import{ID: "imp_1", File: "new-starters-march.csv", Otherwise: role.Member, ToFix: 3, Skipped: 2, Ready: 120, FirstDay: true,
		Until: now.Add(day), RoleWords: []roster.RoleWord{{Word: "Recruiter", N: 212}, {Word: "<b>Praktikant</b>", N: 2}}, Next: next, Rows: []roster.ImportRow{
			{N: 4, Email: "petra.holm@acme", Name: "Petra Holm", Kind: "invalid", Note: "Did you mean petra.holm@acme.example?"},
			{N: 9, Email: "noa.peretz@acme.example", Role: "Recruiter", Kind: "role", Note: "There is no role “Recruiter”. Choose one of the list."},
			{N: 17, Email: "viktor@rival.example", Role: "owner", Message: "See https://x.example", Kind: "message", Note: "Leave web addresses out of the message: “https://x.example” reads as one"},
			{N: 6, Email: "samuel@acme.example", Name: "Samuel Okafor", Kind: "member", Note: "Samuel Okafor is already a member.", About: "mem_1"},
			{N: 11, Email: "lin.zhao@acme.example", Kind: "invited", Note: "Already invited; the open invitation stays.", About: "inv_1"},
			{N: 12, Email: "bob@acme.example", Name: "Bob Stone", Kind: "gone", Note: "The file says “Deactivated”."},
			{N: 1, Email: "noemi.bauer@acme.example", Name: "Noémi Bauer", Role: "Viewer", Kind: "ready"},
			{N: 5, Email: "grace@ACME.EXAMPLE", Name: "<b>Grace</b>", Kind: "corrected", Note: "The domain is read as acme.example."},
			{N: 7, Email: "zoe@acme.example", Kind: "sent"},
		}}}
}

// columnsOf is a file whose columns are chosen.
func columnsOf() ColumnsView {
	return ColumnsView{Place: place(), ImportColumns: roster.ImportColumns{ID: "imp_1", File: "people.csv", Heading: 3, Until: now.Add(day),
		Rows:    []sheet.Row{{N: 1, Cells: []string{"Notes:", ""}}, {N: 3, Cells: []string{"Jina", "<b>Barua</b>", ""}}, {N: 4, Cells: []string{strings.Repeat("Asha ", 20), "asha@acme.example", "x"}}},
		Columns: []roster.ImportColumn{{Name: "Jina", Kind: "full", Cells: []string{"Asha", "<i>Juma</i>"}}, {Name: "<b>Barua</b>", Kind: "email", Cells: []string{"asha@acme.example"}}, {}}}}
}

func TestGolden(t *testing.T) {
	t.Parallel()

	admin := place()
	admin.Roles = []role.Role{role.Admin}
	reader := place()
	reader.MayInvite, reader.MayRevoke = false, false
	noMail := view()
	noMail.Mails, noMail.Members = false, -1
	noMail.List = List{}
	wrong := view()
	wrong.Form = Form{Addresses: "petra.holm@acme", Role: "admin", Days: "30", Message: "See https://example.com", Errors: []ui.FieldError{
		{Field: "emails", Text: "Check the part after the @. It looks like example.com"}, {Field: "message", Text: "Leave web addresses out of the message"}}}
	filled := Form{Addresses: "noemi.bauer@acme.example\nlin.zhao@acme.example", Role: "member", Days: "7", Message: "Hi"}
	preview := Result{Verdicts: verdicts(), As: role.Member}
	sent := view()
	sent.Form.Focus, sent.Open = true, 8
	sent.Result = &Result{Verdicts: append(verdicts(), roster.Verdict{Email: "zoe@acme.example", Kind: "sent", ID: "inv_11"}), As: role.Member, Sent: 1}
	sent.List = List{Rows: rows()[:1]}
	links := Result{As: role.Admin, Sent: 2, Verdicts: []roster.Verdict{
		{Email: "zoe@acme.example", Kind: "link", ID: "inv_11", Link: "EXAMPLE-TOKEN"}, {Email: "yves@acme.example", Kind: "link", ID: "inv_12", Link: "OTHER-TOKEN"}}}
	pressedAgain := Result{As: role.Admin, Sent: 2, Verdicts: []roster.Verdict{
		{Email: "zoe@acme.example", Kind: "shown", ID: "inv_11", Note: "Invited. The link was shown once; make another one if it is lost."},
		{Email: "yves@acme.example", Kind: "shown", ID: "inv_12", Note: "Invited. The link was shown once; make another one if it is lost."}}}
	again := Line{Invitation: rows()[6], Saved: "Sent again."}
	changed := Line{Invitation: rows()[2], Saved: "Was Member.", Undo: "evt_1"}
	refused := Line{Invitation: rows()[0], Problem: "This invitation was sent less than 5 minutes ago. Wait a little before sending it again."}
	written := rows()[0]
	written.Message = "Hi Lin,\nthis is where we keep the depot rosters."

	former := []roster.Verdict{{Raw: "ben@acme.example", Email: "ben@acme.example", Kind: "ready", Note: "Was a member until 3 Mar 2026 as an Admin.", Was: role.Admin}}
	refusedFile := ImportForm{Text: "ann|member", Role: "viewer", Days: "30", Had: "people.csv", Errors: []ui.FieldError{
		{Field: "file", Text: "Row 1 has 1 column. We need at least an e-mail column. Is it separated by something other than , ; or tab?"}}}
	checkedAgain, unchecked, atWork, nothingToFix := imported("", "2-7"), imported("", ""), imported("", ""), imported("fix", "")
	checkedAgain.Checked, checkedAgain.Fixed = true, 2
	unchecked.Problem = "You changed rows, so they were checked first. Look at them, then send."
	named := imported("", "")
	named.Heading, named.Columns = 1, true
	wrongColumns := columnsOf()
	wrongColumns.Heading, wrongColumns.Kinds = "0", map[string]string{"column-0": "role", "column-2": "role"}
	wrongColumns.Errors = []ui.FieldError{{Field: "heading", Text: "Choose one of the rows in the list."}, {Field: "column-2", Text: "Two columns are “Role”. Choose one of them."}}
	atWork.Job, atWork.AtWork, atWork.Sent = "job_1", true, 3
	nothingToFix.RoleWords, nothingToFix.Rows, nothingToFix.ToFix, nothingToFix.Ready, nothingToFix.Sent, nothingToFix.Job = nil, nil, 0, 0, 9, "job_1"
	several := roster.Several{Act: roster.TogetherRevoke, Undo: "evt_1", Done: []roster.OneOf{{ID: "inv_1", Email: "lin.zhao@acme.example"}, {ID: "inv_2", Email: "r.castellanos@acme.example"}},
		Skipped: []roster.OneOf{{ID: "inv_8", Email: "kaito@acme.example", Why: "Was accepted."}}, Already: []roster.OneOf{{ID: "inv_10", Email: "old@acme.example", Why: "Revoked already."}}}

	for _, c := range []struct {
		name string
		page templ.Component
	}{
		{"page", Page(frame("Invitations"), view())},
		{"page_no_mail", Page(frame("Invitations"), noMail)},
		{"invite_wrong", Invite(wrong.Place, wrong.Form, nil)},
		{"invite_admin", Invite(admin, Form{}, nil)},
		{"preview_page", PreviewPage(frame("Check before inviting"), place(), filled, preview)},
		{"preview_none_ready", Preview(noMail.Place, filled, Result{Verdicts: verdicts()[3:4], As: role.Member}, 2)},
		{"sent", Sent(sent)},
		{"links_page", LinksPage(frame("Links to copy"), noMail.Place, links)},
		{"preview_former", Preview(place(), filled, Result{Verdicts: former, As: role.Member}, 2)},
		{"import_new", NewImport(frame("Import people"), place(), ImportForm{})},
		{"import_refused", NewImport(frame("Import people"), noMail.Place, refusedFile)},
		{"import_page", ImportPage(frame("Check 9 rows before inviting"), named)},
		{"import_columns", ColumnsPage(frame("Choose columns"), columnsOf())},
		{"import_columns_wrong", ColumnsPage(frame("Choose columns"), wrongColumns)},
		{"import_checked", Checked(checkedAgain)},
		{"import_unchecked", Checked(unchecked)},
		{"import_at_work", ImportRegion(atWork)},
		{"import_empty", ImportRegion(nothingToFix)},
		{"invited_already", Invite(place(), filled, &Result{Verdicts: verdicts()[4:5], As: role.Member})},
		{"list_admin", ListRegion(admin, List{Rows: rows()[3:5]})},
		{"list_reader", ListRegion(reader, List{Rows: rows()[:1]})},
		{"list_none_accepted", Listed(place(), List{Filter: "accepted"})},
		{"list_second_page", ListRegion(place(), List{Filter: "all", After: "cursor", Rows: rows()[:1]})},
		{"more", More(place(), List{Filter: "all", After: "cursor", Before: 50, Rows: rows()[:2], Next: "next"})},
		{"more_next_page", More(place(), List{After: "cursor", Before: 1000, Rows: rows()[:1], Next: "next"})},
		{"row_sent_again", Row(place(), again)},
		{"row_role_changed", Row(place(), changed)},
		{"row_refused", Row(place(), refused)},
		{"row_revoked", Revoked(place(), Line{Invitation: rows()[0], Undo: "evt_1"}, 5)},
		{"row_restored", Restored(place(), Line{Invitation: rows()[0]}, 120, "The invitation of lin.zhao@acme.example is open again.")},
		{"verdict_sent_again", VerdictRow(again)},
		{"verdict_refused", VerdictRow(refused)},
		{"link_dialog", LinkDialog(place(), rows()[0], "EXAMPLE-TOKEN")},
		{"link_dialog_renewed", LinkDialog(place(), rows()[4], "EXAMPLE-TOKEN")},
		{"link_dialog_pressed_again", LinkDialog(place(), rows()[0], "")},
		{"link_page_pressed_again", LinkPage(frame("Link"), noMail.Place, rows()[0], "")},
		{"links_page_pressed_again", LinksPage(frame("Links to copy"), noMail.Place, pressedAgain)},
		{"link_page", LinkPage(frame("Link"), noMail.Place, rows()[0], "EXAMPLE-TOKEN")},
		{"one", One(frame("lin.zhao@acme.example"), place(), Line{Invitation: written})},
		{"one_expired_refused", One(frame("hana.novak@acme.example"), place(), Line{Invitation: rows()[6], Problem: "The invitation of hana.novak@acme.example was accepted. Nothing was changed."})},
		{"one_above", One(frame("s.haddad@acme.example"), admin, Line{Invitation: rows()[4]})},
		{"list_filtered", ListRegion(place(), List{Filter: "open", Undelivered: true, Inviter: "mem_1", Search: "f", Rows: rows()[3:4], Prev: "back", After: "cursor", Next: "next"})},
		{"list_none_found", Listed(place(), List{Search: "nobody", Inviter: "mem_1"})},
		{"list_more_match", ListRegion(place(), List{Rows: rows()[:2], Next: "next", Matching: 214})},
		{"list_all_chosen", ListRegion(place(), List{Rows: rows()[:2], Next: "next", Matching: 214, All: true})},
		{"correct_page", CorrectPage(frame("Correct the address"), place(), Correction{Line: Line{Invitation: rows()[3]}, Typed: "f.adeyemi@acme", FromPage: true, Errors: []ui.FieldError{{Field: "email", Text: "Check the part after the @. It looks like example.com"}}})},
		{"correct_dialog_no_mail", CorrectDialog(noMail.Place, Correction{Line: Line{Invitation: rows()[3]}, Typed: rows()[3].Email})},
		{"corrected", Corrected(place(), Line{Invitation: rows()[0], Saved: "Sent to the new address."})},
		{"ask_page", AskPage(frame("Invitations"), place(), Question{Several: several, List: List{Filter: "open", Search: "l"}, All: true, Note: "Now 216 match. Nothing was changed yet."})},
		{"ask_send", Ask(place(), Question{Several: roster.Several{Act: roster.TogetherSend, Done: several.Done[:1]}})},
		{"ask_nothing", Ask(place(), Question{Several: roster.Several{Act: roster.TogetherSend, Already: several.Already}})},
		{"together", Together(place(), several, List{Rows: rows()[:1]}, 5)},
		{"together_undone", TogetherUndone(place(), "2 invitations are open again.", List{Rows: rows()[:1]}, 7)},
		{"one_revoked", One(frame("old@acme.example"), place(), Line{Invitation: rows()[9]})},
		{"one_accepted", One(frame("kaito@acme.example"), place(), Line{Invitation: rows()[7]})},
	} {
		t.Run(c.name, func(t *testing.T) { golden.Check(t, c.name, c.page) })
	}
}

// An owner is never made by invitation, and what somebody may not give they may not change. I57
func TestOffersOnlyWhatMayBeGiven(t *testing.T) {
	t.Parallel()

	for _, c := range []struct {
		actor role.Role
		want  []string
	}{
		{role.Owner, []string{"admin", "member", "viewer", "guest"}},
		{role.Admin, []string{"member", "viewer", "guest"}},
		{role.Member, []string{"member", "viewer", "guest"}},
		{role.Viewer, nil},
	} {
		p := place()
		p.Roles = []role.Role{c.actor}
		var got []string
		for _, o := range p.roleOptions() {
			got = append(got, o.Value)
		}
		if len(got) != len(c.want) {
			t.Fatalf("%s may invite as %v, want %v", c.actor, got, c.want)
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s may invite as %v, want %v", c.actor, got, c.want)
			}
		}
	}
}

// Numbers are exact, and a second press of the same button reads well.
func TestResultWords(t *testing.T) {
	t.Parallel()

	invited := func(n int) []roster.Verdict {
		list := make([]roster.Verdict, n)
		for i := range list {
			list[i] = roster.Verdict{Email: "lin@acme.example", Kind: "invited", Note: "Already invited; the open invitation stays."}
		}
		return list
	}
	for _, c := range []struct {
		name   string
		result Result
		want   string
	}{
		{"one", Result{Verdicts: []roster.Verdict{{Email: "lin@acme.example", Kind: "sent"}}, As: role.Admin, Sent: 1}, "Invited lin@acme.example as an Admin."},
		{"second press of one", Result{Verdicts: invited(1), As: role.Member}, "lin@acme.example: already invited; the open invitation stays."},
		{"second press of several", Result{Verdicts: invited(3), As: role.Member}, "All 3 are invited already; the open invitations stay."},
		{"some", Result{Verdicts: append(verdicts(), roster.Verdict{Kind: "sent"}, roster.Verdict{Kind: "sent"}), As: role.Member, Sent: 2},
			"Invited 2 people with the role Member. Left out: 1 already a member, 1 already invited, 1 twice in the list, 1 asked not to be invited, 1 not an address."},
		{"none of several", Result{Verdicts: verdicts()[2:4], As: role.Member}, "Nobody new was invited. Left out: 1 already a member, 1 not an address."},
	} {
		if got := c.result.Words(); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

// B209 X67: what became of a letter is said in plain words, with whose trouble it is.
func TestDeliveryWords(t *testing.T) {
	for _, c := range []struct{ delivery, detail, want string }{
		{"queued", "", "Waiting to be sent"},
		{"queued", "the mail server could not be reached", "Waits: the mail server could not be reached"},
		{"queued", "the mail server does not let this installation in; whoever runs this installation has to mend that", "Waits: the mail server does not let this installation in; whoever runs this installation has to mend that"},
		{"failed", "the mailbox does not exist", "E-mail bounced: the mailbox does not exist"},
		{"failed", "", "E-mail bounced: the mail server refused it"},
		{"failed", "it could not be sent for five days, because the mail server broke off", "E-mail not sent: it could not be sent for five days, because the mail server broke off"},
		{"failed", "its link ran out before it could be sent", "E-mail not sent: its link ran out before it could be sent"},
	} {
		i := invitation("1", "lin.zhao@acme.example", "open", c.delivery)
		i.DeliveryDetail = c.detail
		if got := delivery(i); got != c.want {
			t.Errorf("%s %q: %q", c.delivery, c.detail, got)
		}
	}
}
