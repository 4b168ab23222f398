package web_test

import (
	"bytes"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"roster/internal/rostertest"
	"roster/views/paths"
)

// bring sends a form with a file.
func (b *browser) bring(to, name string, data []byte, fields ...string) *page {
	b.site.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(fields); i += 2 {
		_ = form.WriteField(fields[i], fields[i+1]) // a buffer takes everything
	}
	file, _ := form.CreateFormFile("file", name)
	_, _ = file.Write(data)
	_ = form.Close()
	return b.sendRaw(http.MethodPost, to, &body, []string{"Sec-Fetch-Site", "same-origin", "Content-Type", form.FormDataContentType()})
}

// C044 I97 I104: a file of up to 1 MB is taken on one route alone, in whatever spelling; what is too much, or what no browser
// sends, is refused with a reason.
func TestAFileIsBrought(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ann := l.as(l.Ann)
	to := paths.Imports(rostertest.Acme)
	marks := ann.get(to).form(to)
	fields := []string{"_org", marks.Get("_org"), "_person", marks.Get("_person"), "role", "member", "days", "7", "text", ""}
	first := ann.bring(to, `C:\people\st"art.csv`, []byte("\xff\xfea\x00@\x00x\x00.\x00i\x00o\x00"), fields...)
	if first.status != http.StatusSeeOther {
		t.Fatalf("status %d\n%s", first.status, first.text())
	}
	ann.get(first.location).says(200, "Check 1 row before inviting", "a@x.io", "1 invitation is ready.")
	if again := ann.bring(to, `C:\people\st"art.csv`, []byte("\xff\xfea\x00@\x00x\x00.\x00i\x00o\x00"), fields...); again.location != first.location {
		t.Errorf("the same form makes %s and %s", first.location, again.location)
	}
	if other := ann.bring(to, `C:\people\st"art.csv`, []byte("b@x.io"), fields...); other.location == first.location || other.status != http.StatusSeeOther {
		t.Errorf("another file is answered %d to %s", other.status, other.location)
	}
	large := []byte(strings.Repeat("a@x.example,Ann,member,"+strings.Repeat("x", 200)+"\n", 4_800))
	if p := ann.bring(to, "large.csv", large[:1<<20], fields...); !strings.HasPrefix(p.location, to+"/imp_") {
		t.Errorf("1 MB is answered %d\n%s", p.status, p.text())
	}
	ann.bring(to, "large.csv", large[:1<<20+1], fields...).says(422, "larger than 1 MB")
	ann.bring(to, "huge.csv", bytes.Repeat(large, 2), fields...).says(413, "That file is too large", "up to 1 MB")
	for _, nothing := range []string{",", `"",""`, "sep=;", "\xff\xfe,\x00", ";;\n;\n", "\u200b,\u2060"} { // nothing, once it is cleaned
		ann.bring(to, "nothing.csv", []byte(nothing), fields...).says(422, "The file is empty.")
	}
	ann.bring(to, "", nil, fields...).says(422, "Choose a file, or paste rows below.")
	for what, form := range map[string][]string{"a field twice": append(fields, "role", "admin"), "a digest": append(fields, "file_digest", "x"), "a second file": append(fields, "file", "x"), "NUL": append(fields, "z", "a\x00b"), "broken text": append(fields, "z", "\xff")} {
		if p := ann.bring(to, "a.csv", []byte("a@x.example"), form...); p.status != http.StatusBadRequest {
			t.Errorf("%s: status %d", what, p.status)
		}
	}
	many := fields
	for i := range 201 {
		many = append(many, fmt.Sprint("f", i), "1")
	}
	if p := ann.bring(to, "a.csv", nil, many...); p.status != http.StatusRequestEntityTooLarge {
		t.Errorf("many fields: status %d", p.status)
	}
	if p := ann.bring(paths.Invitations(rostertest.Acme), "a.csv", nil, fields...); p.status != http.StatusUnsupportedMediaType {
		t.Errorf("a file on another route: status %d", p.status)
	}
	// What is left over comes back as a file that a spreadsheet calculates nothing in.
	draft := ann.bring(to, "p.csv", []byte("email,name\n=1+1,=HYPERLINK(1)\n@x,+1\n"), fields...).location
	p := ann.get(draft + "/problems.csv")
	if p.header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.HasPrefix(p.header.Get("Content-Disposition"), "attachment") ||
		!strings.HasPrefix(p.raw, "\ufeffemail,name,role,message,problem\r\n'=1+1,'=HYPERLINK(1),,,") || strings.Contains(p.raw, "\n=") || strings.Contains(p.raw, ",+") {
		t.Errorf("%s: %q", p.header, p.raw)
	}
}

// B288 B224 B221: which column is which is a page of the draft, and so are the words for roles and who is gone; all of it are
// plain forms, and what is refused comes back as it was chosen.
func TestColumnsAndWordsAreForms(t *testing.T) {
	t.Parallel()
	l := obey(t)
	ann := l.as(l.Ann)
	to := paths.Imports(rostertest.Acme)
	form := ann.get(to).form(to)
	form.Set("text", "Wer;Kontakt;Büro;Stufe;Zustand\nAnn B;ann@home.example;ann@work.example;Praktikant;aktiv\nBen C;ben@home.example;ben@work.example;Praktikant;gesperrt\nCem D;cem@home.example;cem@work.example;Praktikant;aktiv\n")
	draft := ann.post(to, form).location
	page := ann.get(draft)
	page.says(200, "Row 1 names its columns.", "The file says “gesperrt”.")
	if !strings.Contains(page.raw, "?show=columns") {
		t.Fatal("no link leads to the columns")
	}
	columns := ann.get(draft + "?show=columns")
	columns.says(200, "Choose columns", "Kontakt", "ben@work.example")
	form = columns.form(draft)
	if form.Get("heading") != "1" || form.Get("column-1") != "email" || form.Get("column-4") != "status" {
		t.Errorf("chosen is %v", form)
	}
	form.Set("column-2", "email")
	wrong := ann.post(draft, form)
	wrong.says(422, "There is a problem", "Two columns are “E-mail address”. Choose one of them.")
	if again := wrong.form(draft); again.Get("column-2") != "email" || again.Get("column-1") != "email" {
		t.Errorf("of what was chosen is left %v", again)
	}
	form.Set("column-1", "")
	form.Set("column-3", "role")
	form.Set("heading", "first")
	ann.post(draft, form).says(422, "Choose one of the rows in the list.")
	form.Set("heading", "1")
	other := ann.post(draft, form).location
	if other == draft || !strings.HasPrefix(other, to+"/imp_") {
		t.Fatalf("the columns lead to %q", other)
	}
	page = ann.get(other)
	page.says(200, "The file calls 2 people “Praktikant”. Invite them as")
	form = page.form(other)
	form.Set("do", "check")
	form.Set("as-0", "viewer")
	form.Set("anyway-3", "on")
	page = ann.get(ann.post(other, form).location)
	page.says(200, "3 invitations are ready.", "ann@work.example")
	form = page.form(other)
	form.Set("anyway-x", "on")
	ann.post(other, form).says(400, "There is no row “x”.")
	ann.get(draft+"?show=columns&after=1-1").says(200, "Choose columns")
}
