package roster

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"roster/db/rosterdb"
	"roster/internal/fault"
	"roster/internal/mail"
	"roster/internal/publicid"
	"roster/internal/role"
	"roster/internal/sheet"
)

// A file of people to invite is read into a draft, which is kept for a day. Only its maker sees it. They correct what is
// wrong in it, and send it: then a job invites, row by row, and each verdict is given anew under the organization's lock.

// ImportFile is what somebody brings to invite many.
type ImportFile struct {
	Name string // of the file
	Data []byte
	Role string // of rows that name none
	Days int    // as in Invite
}

// ImportRow is a row of a draft: what was typed, and what would become of it, or became.
type ImportRow struct {
	N       int // its number in the file
	Email   string
	Name    string // kept here and nowhere else: people say their names themselves
	Role    string
	Message string
	Kind    string // as of a Verdict; "role" or "message" where that is to be corrected; "gone" if the file says so of its person
	Note    string
	About   string // inv_… or mem_… that the note is about
}

// Rank is the group of a row: 0 to fix, 1 skipped, 2 ready, 3 sent.
func (r ImportRow) Rank() int {
	switch r.Kind {
	case "invalid", "role", "message":
		return 0
	case "ready", "corrected":
		return 2
	case "sent":
		return 3
	}
	return 1
}

// As is the role that a row names, or the one of rows that name none; "" if there is no such role.
func (r ImportRow) As(otherwise role.Role) role.Role {
	as, ok := namedRole(r.Role, otherwise)
	if !ok {
		return ""
	}
	return as
}

// Import is a draft with one page of its rows, those to fix first.
type Import struct {
	ID        string // imp_…
	File      string
	Job       string    // job_… that sends it, or did so last; "" if nothing was sent
	AtWork    bool      // that job is: nothing can be changed for the moment
	Otherwise role.Role // of rows that name none
	ToFix     int
	Skipped   int
	Ready     int
	Sent      int
	Until     time.Time
	Heading   int  // the number of the row that names the columns; 0 if none does
	Columns   bool // it can be said which column is which
	FirstDay  bool // the organization is so new that not all letters leave at once
	RoleWords []RoleWord
	Rows      []ImportRow
	Next      string
	Fixed     int // said by CheckImport: how many rows more are ready
}

// RoleWord is what a file calls a role that there is not, with how many rows it does so in.
type RoleWord struct {
	Word string
	N    int
}

// RoleWordsMax is for how many words one is asked about all of their rows at once.
const RoleWordsMax = 15

// roleWordsOf are the words for roles that several rows have and that are not known, those of most rows first.
func roleWordsOf(roles map[string]int) []RoleWord {
	at := map[string]int{}
	var list []RoleWord
	for _, word := range slices.Sorted(maps.Keys(roles)) {
		if _, known := namedRole(word, ""); known {
			continue
		}
		key := sameWord(word)
		if i, ok := at[key]; ok {
			list[i].N += roles[word]
			continue
		}
		at[key] = len(list)
		list = append(list, RoleWord{word, roles[word]})
	}
	list = slices.DeleteFunc(list, func(w RoleWord) bool { return w.N < 2 })
	slices.SortStableFunc(list, func(a, b RoleWord) int { return b.N - a.N })
	return list[:min(len(list), RoleWordsMax)]
}

// sameWord is how words for roles that are not known are compared.
func sameWord(word string) string { return cmp.Or(wordKey(word), word) }

// Total is the number of all rows.
func (i Import) Total() int { return i.ToFix + i.Skipped + i.Ready + i.Sent }

// importKept is how long a draft is kept.
const importKept = 24 * time.Hour

// importShows are the groups of rows that each choice of the page shows, from and to.
var importShows = map[string][2]int{"": {0, 3}, "fix": {0, 0}, "skipped": {1, 1}, "ready": {2, 2}, "sent": {3, 3}}

// draft is an import as its maker works on it.
type draft struct {
	rosterdb.GetImportRow
	id   uuid.UUID
	rows []ImportRow
}

// openImport reads a draft of the actor's; another's is not there.
func (a Actor) openImport(ctx context.Context, q *rosterdb.Queries, id uuid.UUID, withRows bool) (draft, error) {
	rows, err := q.GetImport(ctx, rosterdb.GetImportParams{Submission: a.trace.Submission, WithRows: withRows, OrgID: a.org.ID, ImportID: id, ActorID: a.person.ID})
	if err != nil {
		return draft{}, err
	}
	if len(rows) == 0 {
		return draft{}, fault.Missing()
	}
	d := draft{GetImportRow: rows[0], id: id}
	for _, row := range rows {
		if row.N > 0 {
			d.rows = append(d.rows, ImportRow{int(row.N), row.Email, row.Name, row.Role, row.Message, row.Kind, row.Note, aboutID(row.Kind, row.About)})
		}
	}
	return d, nil
}

// aboutID spells what a row's note is about.
func aboutID(kind string, id *uuid.UUID) string {
	switch {
	case id == nil:
		return ""
	case kind == "member":
		return publicid.Membership.Of(*id)
	}
	return publicid.Invitation.Of(*id)
}

// ReadImport reads a file into a draft, and says of each row what would become of it. Nothing is sent. The same file sent
// twice is one draft.
func (r *Roster) ReadImport(ctx context.Context, a Actor, file ImportFile) (string, error) {
	var wrong fault.Form
	cells, how, rows, err := parseFile(file.Data)
	if f, ok := fault.As(err); ok {
		wrong.Add("file", f.Error())
	} else if err != nil {
		return "", err
	}
	otherwise, ok := role.Parse(file.Role)
	if !ok || otherwise == role.Owner {
		wrong.Add("role", "Choose one of the roles in the list.")
	} else if !role.MayInviteAs(a.roles, otherwise) {
		wrong.Add("role", mayNotInviteAs(a.roles, otherwise).Error())
	}
	life, err := Invite{Days: file.Days}.life(a)
	if err != nil {
		wrong.Add("days", err.Error())
	}
	if err := wrong.Err(); err != nil {
		return "", err
	}
	id, err := r.makeDraft(ctx, a, newDraft{file.Name, otherwise, life, cells, how, rows})
	return id, wrap("read a file", err)
}

// newDraft is a file that was read, and what was chosen for it.
type newDraft struct {
	file      string
	otherwise role.Role
	life      time.Duration
	cells     []sheet.Row
	how       reading
	rows      []ImportRow
}

// makeDraft keeps a draft, and says of each row what would become of it.
func (r *Roster) makeDraft(ctx context.Context, a Actor, d newDraft) (string, error) {
	cells, layout, err := d.how.keep(d.cells)
	if err != nil {
		return "", err
	}
	emails := newReview(d.rows, d.otherwise, a.domain()).emails()
	done, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) ([]rosterdb.CheckInviteesRow, []byte, error) {
		found, err := q.CheckInvitees(ctx, rosterdb.CheckInviteesParams{Emails: emails, OrgID: a.org.ID, ActorID: a.person.ID, Submission: a.trace.Submission})
		if len(found) == 0 {
			return nil, nil, err
		}
		return found, found[0].DoneBefore, err
	}, func(q *rosterdb.Queries, found []rosterdb.CheckInviteesRow) (struct{ ID uuid.UUID }, bool, error) {
		var made struct{ ID uuid.UUID }
		if len(found) == 0 {
			return made, false, lostAccess(a)
		}
		if err := mayInvite(a, found[0], d.otherwise); err != nil {
			return made, false, err
		}
		newReview(d.rows, d.otherwise, a.domain()).judge(found)
		made.ID = publicid.New()
		if err := q.InsertImport(ctx, rosterdb.InsertImportParams{OrgID: a.org.ID, ImportID: made.ID, ActorID: a.person.ID, File: cut(d.file, 200),
			LifeSeconds: d.life.Seconds(), Role: string(d.otherwise), Cells: cells, Layout: layout, Heading: int32(d.how.row(d.cells))}); err != nil {
			return made, false, err
		}
		if err := q.InsertImportRows(ctx, rosterdb.InsertImportRowsParams(importColumns(a.org.ID, made.ID, d.rows))); err != nil {
			return made, false, err
		}
		return made, true, q.CountImport(ctx, a.org.ID, made.ID)
	})
	return publicid.Import.Of(done.ID), err
}

// importColumns turns rows into what a statement takes.
func importColumns(org, id uuid.UUID, rows []ImportRow) rosterdb.SetImportRowsParams {
	to := rosterdb.SetImportRowsParams{OrgID: org, ImportID: id}
	for _, row := range rows {
		to.Ns, to.Emails, to.Names = append(to.Ns, int32(row.N)), append(to.Emails, row.Email), append(to.Names, row.Name)
		to.Roles, to.Messages = append(to.Roles, row.Role), append(to.Messages, row.Message)
		to.Kinds, to.Notes, to.Ranks = append(to.Kinds, row.Kind), append(to.Notes, row.Note), append(to.Ranks, int16(row.Rank()))
		about, ok := publicid.Invitation.Parse(row.About)
		if !ok {
			about, _ = publicid.Membership.Parse(row.About)
		}
		to.Abouts = append(to.Abouts, about)
	}
	return to
}

// review gives the rows of a draft their verdicts. What was sent keeps its own, and so does who the file says is gone.
type review struct {
	rows      []ImportRow
	list      []wanted
	otherwise role.Role
}

// newReview reads the addresses.
func newReview(rows []ImportRow, otherwise role.Role, near string) review {
	v := review{rows, make([]wanted, len(rows)), otherwise}
	seen := map[string]bool{}
	for i := range rows {
		row := &rows[i]
		v.list[i] = wanted{Verdict: &Verdict{Raw: row.Email, Kind: row.Kind}}
		if row.Kind == "gone" {
			continue
		}
		if row.Kind == "sent" {
			if found := mail.ParseList(row.Email, near); len(found) == 1 && found[0].Err == nil {
				seen[found[0].Address.Norm] = true
			}
			continue
		}
		w := &v.list[i]
		found := mail.ParseList(row.Email, near)
		switch {
		case row.Email == "":
			w.Kind, w.Note = "invalid", "This row has no e-mail address."
		case len(found) != 1:
			w.Kind, w.Note = "invalid", "Enter one e-mail address; a row is one person."
		case found[0].Err != nil:
			w.Kind, w.Note = "invalid", found[0].Err.Error()
		case seen[found[0].Address.Norm]:
			w.Kind, w.Note = "twice", "Twice in the file; one invitation is enough."
		default:
			w.Kind, w.address, w.Email, w.unseen = "ready", found[0].Address, found[0].Address.Typed, found[0].Unseen
			seen[w.address.Norm] = true
			if row.Name == "" {
				row.Name = cut(found[0].Name, nameKept)
			}
		}
	}
	return v
}

// emails are what the database is asked about. Without a single one it still is asked who the inviter is.
func (v review) emails() []string {
	emails := []string{}
	for _, w := range v.list {
		if w.Kind == "ready" {
			emails = append(emails, w.address.Norm)
		}
	}
	if len(emails) == 0 {
		emails = append(emails, "")
	}
	return emails
}

// judge completes the verdicts with what the organization knows of each address, and with what the inviter may give. That
// somebody is here already is said first: then nothing else of the row matters.
func (v review) judge(found []rosterdb.CheckInviteesRow) {
	known := map[string]rosterdb.CheckInviteesRow{}
	for _, row := range found {
		known[row.EmailNorm] = row
	}
	actor := role.ParseAll(found[0].ActorRoles)
	for i := range v.list {
		w, row := &v.list[i], &v.rows[i]
		if row.Kind == "sent" || row.Kind == "gone" {
			continue
		}
		problem := ""
		if w.Kind == "ready" {
			w.as, problem = roleOf(row.Role, v.otherwise, actor)
			w.Verdict.judge(known[w.address.Norm], w.as, actor)
		}
		if w.Kind == "ready" {
			message, err := mail.CheckMessage(row.Message)
			switch w.message = message; {
			case problem != "":
				w.Kind, w.Note = "role", problem
			case err != nil:
				w.Kind, w.Note = "message", err.Error()
			}
		}
		w.correct()
		row.Kind, row.Note, row.About = w.Kind, w.Note, w.ID+w.Member
	}
}

// namedRole reads a row's role, in the words that people and programs have for it; of several it is the highest.
func namedRole(typed string, otherwise role.Role) (role.Role, bool) {
	if strings.TrimSpace(typed) == "" {
		return otherwise, true
	}
	if r, ok := roleOfWord[wordKey(typed)]; ok {
		return r, true
	}
	for _, between := range []string{",;|/+\n", ",;|/+ \n"} {
		var roles []role.Role
		names := strings.FieldsFunc(typed, func(r rune) bool { return strings.ContainsRune(between, r) })
		for _, name := range names {
			if r, ok := roleOfWord[wordKey(name)]; ok {
				roles = append(roles, r)
			} else if strings.TrimSpace(name) != "" {
				roles = nil
				break
			}
		}
		if len(roles) > 0 {
			return role.Highest(roles), true
		}
	}
	return "", false
}

// roleOf is the role that a row's person is invited as. The problem is a sentence.
func roleOf(typed string, otherwise role.Role, actor []role.Role) (as role.Role, problem string) {
	as, ok := namedRole(typed, otherwise)
	switch {
	case !ok:
		return "", fmt.Sprintf("There is no role “%s”. Choose one of the list.", cut(typed, 40))
	case role.MayInviteAs(actor, as):
		return as, ""
	}
	problem = fmt.Sprintf("You cannot give the role %s by invitation.", as.Label())
	for _, r := range role.All {
		if role.MayInviteAs(actor, r) {
			return "", problem + fmt.Sprintf(" Choose %s or lower.", r.Label())
		}
	}
	return "", problem
}

// Import is a draft of the actor's: one page of the rows that are to be shown.
func (r *Roster) Import(ctx context.Context, a Actor, id, show, after string) (Import, error) {
	draft, ok := publicid.Import.Parse(id)
	if !ok {
		return Import{}, fault.Missing()
	}
	ranks, ok := importShows[show]
	if !ok {
		return Import{}, fault.New(fault.Malformed, "That list of rows does not exist.")
	}
	at, err := parseImportCursor(after)
	if err != nil {
		return Import{}, err
	}
	rows, err := r.db.Read(a.org.ID).ListImportRows(ctx, rosterdb.ListImportRowsParams{OrgID: a.org.ID, ImportID: draft, RankFrom: int16(ranks[0]), RankTo: int16(ranks[1]),
		AfterRank: int16(at.rank), AfterN: int32(at.n), PageSize: PageSize + 1, ActorID: a.person.ID})
	if err != nil {
		return Import{}, wrap("read an import", err)
	}
	if len(rows) == 0 {
		return Import{}, fault.Missing()
	}
	first := rows[0]
	page := Import{ID: id, File: first.File, Job: jobID(first.JobID), AtWork: first.AtWork, Otherwise: role.Role(first.Otherwise), ToFix: int(first.ToFix),
		Skipped: int(first.Skipped), Ready: int(first.Ready), Sent: int(first.Sent), Until: first.CreatedAt.Add(importKept), Heading: int(first.Heading), Columns: first.HasColumns, FirstDay: first.FirstDay}
	for _, row := range rows {
		if row.N > 0 {
			page.Rows = append(page.Rows, ImportRow{int(row.N), row.Email, row.Name, row.Role, row.Message, row.Kind, row.Note, aboutID(row.Kind, row.About)})
		}
	}
	page.cut()
	words := map[string]int{}
	if err := json.Unmarshal(first.RoleWords, &words); err != nil {
		return Import{}, fmt.Errorf("read the words for roles: %w", err)
	}
	page.RoleWords = roleWordsOf(words)
	return page, nil
}

// cut keeps one page of the rows, and says where the next one begins.
func (i *Import) cut() {
	if len(i.Rows) > PageSize {
		i.Rows = i.Rows[:PageSize]
		last := i.Rows[PageSize-1]
		i.Next = importCursor{last.Rank(), last.N}.String()
	}
}

// importCursor is the last row of a page.
type importCursor struct{ rank, n int }

func (c importCursor) String() string { return fmt.Sprintf("%d-%d", c.rank, c.n) }

// parseImportCursor reads what String has written, and nothing else.
func parseImportCursor(s string) (importCursor, error) {
	if s == "" {
		return importCursor{-1, 0}, nil
	}
	rank, n, _ := strings.Cut(s, "-")
	c := importCursor{}
	var bad [2]error
	c.rank, bad[0] = strconv.Atoi(rank)
	c.n, bad[1] = strconv.Atoi(n)
	if errors.Join(bad[:]...) != nil || c.String() != s || c.rank < 0 || c.rank > 3 || c.n < 0 || c.n > 1<<30 {
		return c, fault.New(fault.Malformed, "That page of the list does not exist.")
	}
	return c, nil
}

func jobID(id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return publicid.Job.Of(*id)
}

// CheckImport keeps what was corrected in some rows and gives every row its verdict anew. Of an import that is being sent
// nothing is changed any more.
func (r *Roster) CheckImport(ctx context.Context, a Actor, id string, fixes []ImportFix, show, after string) (Import, error) {
	ranks, known := importShows[show]
	at, err := parseImportCursor(after)
	if !known || err != nil {
		return Import{}, fault.New(fault.Malformed, "That list of rows does not exist.")
	}
	parsed, ok := publicid.Import.Parse(id)
	if !ok {
		return Import{}, fault.Missing()
	}
	checked, err := once(ctx, r, a.form(), func(q *rosterdb.Queries) (draft, []byte, error) {
		d, err := a.openImport(ctx, q, parsed, true)
		return d, d.DoneBefore, err
	}, func(q *rosterdb.Queries, d draft) (Import, bool, error) {
		if err := d.mayChange(a); err != nil {
			return Import{}, false, err
		}
		slices.SortFunc(d.rows, func(x, y ImportRow) int { return x.N - y.N }) // of two, the first one stands
		before := slices.Clone(d.rows)
		ready := d.Ready
		d.correct(fixes)
		list := newReview(d.rows, role.Role(d.Otherwise), a.domain())
		found, err := q.CheckInvitees(ctx, rosterdb.CheckInviteesParams{Emails: list.emails(), OrgID: a.org.ID, ActorID: a.person.ID})
		if err != nil || len(found) == 0 {
			return Import{}, false, err
		}
		list.judge(found)
		var changed []ImportRow
		for i, row := range d.rows {
			if row != before[i] {
				changed = append(changed, row)
			}
		}
		if err := d.save(ctx, q, a, changed); err != nil {
			return Import{}, false, err
		}
		page := d.page(id)
		page.Fixed = max(page.Ready-int(ready), 0)
		words := map[string]int{}
		for _, row := range d.rows {
			if row.Rank() == 0 && row.Role != "" {
				words[row.Role]++
			}
			if rank := row.Rank(); rank >= ranks[0] && rank <= ranks[1] && (rank > at.rank || rank == at.rank && row.N > at.n) {
				page.Rows = append(page.Rows, row)
			}
		}
		page.cut()
		page.RoleWords = roleWordsOf(words)
		return page, len(changed) > 0, nil
	})
	return checked, wrap("check an import", err)
}

// mayChange refuses whoever may not invite any more, and a draft that is one no more.
func (d draft) mayChange(a Actor) error {
	as := rosterdb.CheckInviteesRow{ActorRoles: d.ActorRoles, ActorStatus: d.ActorStatus, MembersMayInvite: d.MembersMayInvite}
	if err := mayInvite(a, as, role.Guest); err != nil {
		return err
	}
	if d.AtWork {
		return fault.New(fault.Conflict, "This import is being sent. Wait until that is over, or stop it. Nothing was changed.")
	}
	return nil
}

// ImportFix is what somebody typed into a row of a draft, or what they chose for it or for several.
type ImportFix struct {
	N       int
	Email   string
	Role    string
	Message *string // nil where it was not asked for
	Anyway  bool    // invite somebody who the file says is gone; nothing else was typed
	Word    string  // what the file calls Role: said of all rows that have it, whatever their number
}

// correct takes over what was typed into rows, and tells whether that is something new.
func (d draft) correct(fixes []ImportFix) (changed bool) {
	at := map[int]int{}
	for i, row := range d.rows {
		at[row.N] = i
	}
	words := map[string]string{}
	for _, fix := range fixes {
		if fix.Word != "" {
			if fix.Role != "" {
				words[sameWord(fix.Word)] = fix.Role
			}
			continue
		}
		i, ok := at[fix.N]
		if !ok || d.rows[i].Kind == "sent" {
			continue
		}
		row := d.rows[i]
		switch {
		case fix.Anyway && row.Kind == "gone":
			row.Kind, row.Note = "", ""
		case fix.Anyway:
		default:
			row.Email = cut(fix.Email, emailKept)
			if as := row.As(role.Role(d.Otherwise)); as == "" || role.Role(fix.Role) != as { // a choice shows what a row names, or leaves out
				row.Role = cut(fix.Role, roleKept)
			}
			if fix.Message != nil {
				row.Message = cut(*fix.Message, messageKept)
			}
		}
		changed = changed || row != d.rows[i]
		d.rows[i] = row
	}
	for i, row := range d.rows {
		if as, ok := words[sameWord(row.Role)]; ok && row.Role != "" && row.Kind != "sent" && row.As(role.Role(d.Otherwise)) == "" && as != row.Role {
			d.rows[i].Role, changed = cut(as, roleKept), true
		}
	}
	return changed
}

// save puts the rows into the order in which they are shown, counts all, and writes those that have changed.
func (d *draft) save(ctx context.Context, q *rosterdb.Queries, a Actor, changed []ImportRow) error {
	slices.SortFunc(d.rows, func(x, y ImportRow) int { return cmp.Or(x.Rank()-y.Rank(), x.N-y.N) })
	var counts [4]int32
	for _, row := range d.rows {
		counts[row.Rank()]++
	}
	d.ToFix, d.Skipped, d.Ready, d.Sent = counts[0], counts[1], counts[2], counts[3]
	if len(changed) == 0 {
		return nil
	}
	if err := q.SetImportRows(ctx, importColumns(a.org.ID, d.id, changed)); err != nil {
		return err
	}
	return q.CountImport(ctx, a.org.ID, d.id)
}

func (d draft) page(id string) Import {
	return Import{ID: id, File: d.File, Job: jobID(d.JobID), AtWork: d.AtWork, Otherwise: role.Role(d.Otherwise), ToFix: int(d.ToFix), Skipped: int(d.Skipped),
		Ready: int(d.Ready), Sent: int(d.Sent), Until: d.CreatedAt.Add(importKept), FirstDay: d.FirstDay}
}

// ImportProblems are the rows that nothing is sent to, as a table to correct elsewhere: the columns of a file, and why.
func (r *Roster) ImportProblems(ctx context.Context, a Actor, id string) ([][]string, error) {
	parsed, ok := publicid.Import.Parse(id)
	if !ok {
		return nil, fault.Missing()
	}
	d, err := a.openImport(ctx, r.db.Read(a.org.ID), parsed, true)
	if err != nil {
		return nil, wrap("read an import", err)
	}
	table := [][]string{{"email", "name", "role", "message", "problem"}}
	for _, row := range d.rows {
		if row.Rank() < 2 {
			table = append(table, []string{row.Email, row.Name, row.Role, row.Message, row.Note})
		}
	}
	return table, nil
}

// forgetImports forgets the files that were read more than a day ago.
func (r *Roster) forgetImports(ctx context.Context) error {
	for {
		n, err := r.db.Door().ForgetImports(ctx, forgetAtOnce)
		if err != nil {
			return fmt.Errorf("forget old imports: %w", err)
		}
		if n < forgetAtOnce {
			return nil
		}
	}
}
