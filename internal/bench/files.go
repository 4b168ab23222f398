package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"regexp"
	"time"

	"golang.org/x/net/html"
)

// export has lists of two lengths written as CSV. What the longer one takes more in memory is what was kept of it.
func (b *bench) export(ctx context.Context) error {
	short, long := b.sizes[0], b.sizes[min(2, len(b.sizes)-1)]
	if len(b.sizes) > 2 {
		short = b.sizes[1]
	}
	report := row{figure: fmt.Sprintf("CSV of %s against %s members, memory", number(float64(long)), number(float64(short))), unit: mega, limit: &limit{16, 8}}
	var most [2]float64
	for i, size := range []int{short, long} {
		peak, took, err := b.exported(ctx, size)
		if err != nil { // what cannot be fetched is told, and keeps nobody from the rest
			report.absent = err.Error()
			b.table.add(report)
			return nil
		}
		most[i] = peak
		report.note += fmt.Sprintf("%s members: at most %.0f MB, %.1f s. ", number(float64(size)), peak, took.Seconds())
	}
	report.value = most[1] - most[0]
	b.table.add(report)
	return nil
}

// exported fetches the list of everybody from a server of its own, by way of long work if it is offered so, and
// says what the server had resident at most.
func (b *bench) exported(ctx context.Context, size int) (float64, time.Duration, error) {
	const database, list = "exported", "/orgs/" + northwind + "/members.csv"
	if err := b.worlds.clone(ctx, world(size), database); err != nil { // a job is kept
		return 0, 0, err
	}
	defer b.worlds.drop(context.WithoutCancel(ctx), database)
	p, err := b.serve(ctx, rosterProgram, b.at(database))
	if err != nil {
		return 0, 0, err
	}
	defer p.stop()
	all, _, err := b.crewElsewhere(ctx, b.at(database), p, ingrid)
	if err != nil {
		return 0, 0, err
	}
	one, began := all[0], time.Now()
	a, err := one.send(ctx, list, nil)
	if err != nil {
		return 0, 0, err
	}
	if a.status == http.StatusSeeOther {
		if a, err = one.byJob(ctx, a.header.Get("Location")); err != nil {
			return 0, 0, err
		}
	}
	switch lines := bytes.Count(a.body, []byte("\n")); {
	case a.status == http.StatusNotFound || a.status == http.StatusMethodNotAllowed:
		return 0, 0, errors.New("no route for members.csv")
	case a.status != http.StatusOK || lines < size:
		return 0, 0, fmt.Errorf("the list of %d members answers %d with %d lines", size, a.status, lines)
	}
	took := time.Since(began)
	peak, err := p.memory("VmHWM")
	return peak, took, err
}

// exportFile is the address of a file that a job has written.
var exportFile = regexp.MustCompile(`href="(/orgs/[^"]+/exports/[^"?]+)"`)

// byJob presses the button of a page that offers long work, waits for its file, and fetches it.
func (b *browser) byJob(ctx context.Context, offer string) (*answer, error) {
	page, err := b.must(ctx, http.StatusOK, offer, nil)
	if err != nil {
		return nil, err
	}
	action, fields := formTo(page.body, "/orgs/"+northwind+"/exports")
	if action == "" {
		return nil, errors.New("the page that offers an export has no form for it")
	}
	started, err := b.must(ctx, http.StatusSeeOther, action, fields)
	if err != nil {
		return nil, err
	}
	for {
		job, err := b.must(ctx, http.StatusOK, started.header.Get("Location"), nil)
		if err != nil {
			return nil, err
		}
		if file := exportFile.FindSubmatch(job.body); file != nil {
			return b.must(ctx, http.StatusOK, html.UnescapeString(string(file[1])), nil)
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return nil, err
		}
	}
}

// formTo is the first form of a page that posts to an address that begins so, with what it has in it.
func formTo(page []byte, start string) (string, url.Values) {
	action, fields := "", url.Values{}
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch kind := tokens.Next(); kind {
		case html.ErrorToken:
			return action, fields
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := tokens.Token()
			has := map[string]string{}
			for _, a := range token.Attr {
				has[a.Key] = a.Val
			}
			switch {
			case token.Data == "form" && kind == html.EndTagToken && action != "":
				return action, fields
			case token.Data == "form" && has["method"] == "post" && len(has["action"]) >= len(start) && has["action"][:len(start)] == start:
				action = has["action"]
			case token.Data == "input" && action != "" && has["name"] != "":
				fields.Set(has["name"], has["value"])
			}
		}
	}
}

// imports has a file of 5,000 addresses looked at.
func (b *bench) imports(ctx context.Context) error {
	report := row{figure: "import of 5,000 addresses, previewed", unit: seconds, limit: &limit{2, 2}}
	p, err := b.serve(ctx, rosterProgram, b.at(changes))
	if err != nil {
		return err
	}
	defer p.stop()
	owner, err := logIn(ctx, p.address, mara)
	if err != nil {
		return err
	}
	marks, err := marksOf(ctx, owner, acme)
	if err != nil {
		return err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for name, values := range with(marks, "role", "member", "days", "30") {
		if err := form.WriteField(name, values[0]); err != nil {
			return err
		}
	}
	file, err := form.CreateFormFile("file", "people.csv")
	if err != nil {
		return err
	}
	fmt.Fprintln(file, "email,name")
	for n := range 5000 {
		fmt.Fprintf(file, "person%d@import.example,Person %d\n", n, n)
	}
	if err := form.Close(); err != nil {
		return err
	}
	began := time.Now()
	a, err := owner.request(ctx, http.MethodPost, "/orgs/"+acme+"/invitations/import", io.Reader(&body), "Content-Type", form.FormDataContentType())
	if err != nil {
		return err
	}
	switch a.status {
	case http.StatusSeeOther:
		if _, err = owner.must(ctx, http.StatusOK, a.header.Get("Location"), nil); err != nil {
			report.absent = err.Error()
		}
		report.value = time.Since(began).Seconds()
	case http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusRequestEntityTooLarge:
		report.absent = "no route that takes the file"
	default:
		text, _ := unzipped(a) // what it says is told if it can be
		report.absent = fmt.Sprintf("the import answers %d: %.300s", a.status, letters(text))
	}
	b.table.add(report)
	return nil
}
