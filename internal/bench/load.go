package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"roster/internal/seed"
)

// workers is how many browsers load a server at once.
const workers = 4

// browser is somebody logged in, over connections that are kept.
type browser struct {
	server  string // host:port
	session string // the cookie's value
	client  *http.Client
	gzip    bool
	marks   url.Values // what the forms of the page carry that it is at
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte // as it came: nothing is unpacked
	took   time.Duration
}

func newBrowser(server string) *browser {
	return &browser{server: server, client: &http.Client{
		Transport:     &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Timeout:       30 * time.Second,
	}}
}

// cookie is the session's, by the name that browsers take over TLS alone.
const cookie = "__Host-roster_session"

// send makes one request. A form makes it a POST. headers come in pairs.
func (b *browser) send(ctx context.Context, path string, form url.Values, headers ...string) (*answer, error) {
	if form == nil {
		return b.request(ctx, http.MethodGet, path, nil, headers...)
	}
	return b.request(ctx, http.MethodPost, path, strings.NewReader(form.Encode()), append(headers, "Content-Type", "application/x-www-form-urlencoded")...)
}

func (b *browser) request(ctx context.Context, method, path string, body io.Reader, headers ...string) (*answer, error) {
	r, err := http.NewRequestWithContext(ctx, method, "http://"+b.server+path, body)
	if err != nil {
		return nil, err
	}
	r.Host = public
	r.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:138.0) Gecko/20100101 Firefox/138.0")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if b.gzip {
		r.Header.Set("Accept-Encoding", "gzip, deflate, br, zstd")
	}
	if b.session != "" {
		r.AddCookie(&http.Cookie{Name: cookie, Value: b.session})
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	began := time.Now()
	response, err := b.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	a := &answer{status: response.StatusCode, header: response.Header}
	if a.body, err = io.ReadAll(response.Body); err != nil {
		return nil, err
	}
	a.took = time.Since(began)
	for _, c := range response.Cookies() {
		if c.Name == cookie {
			b.session = c.Value
		}
	}
	return a, nil
}

// must is send, with the status that is expected.
func (b *browser) must(ctx context.Context, status int, path string, form url.Values, headers ...string) (*answer, error) {
	a, err := b.send(ctx, path, form, headers...)
	if err == nil && a.status != status {
		text, _ := unzipped(a) // what it says is told if it can be
		err = fmt.Errorf("%s: status %d, not %d: %.400s", path, a.status, status, strings.Join(strings.Fields(letters(text)), " "))
	}
	return a, err
}

// logIn makes a session as people do.
func logIn(ctx context.Context, server, email string) (*browser, error) {
	b := newBrowser(server)
	_, err := b.must(ctx, http.StatusSeeOther, "/login", url.Values{"email": {email}, "password": {seed.Password}})
	if err == nil && b.session == "" {
		err = errors.New("the log-in gave no session")
	}
	return b, err
}

// crew is workers browsers of one person.
func crew(ctx context.Context, server, email string) ([]*browser, error) {
	all := make([]*browser, workers)
	for i := range all {
		var err error
		if all[i], err = logIn(ctx, server, email); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// moveTo gives the sessions of browsers to others, on another server with the same database.
func moveTo(server string, all []*browser) []*browser {
	moved := make([]*browser, len(all))
	for i, b := range all {
		moved[i] = newBrowser(server)
		moved[i].session = b.session
	}
	return moved
}

// round is what one cell did in one round.
type round struct {
	done  int           // requests
	cpu   time.Duration // of the server and PostgreSQL
	times []time.Duration
}

// rate is requests per second of processor time.
func (r round) rate() float64 {
	if r.cpu <= 0 {
		return 0
	}
	return float64(r.done) / r.cpu.Seconds()
}

// act is one request of a worker; n counts up for each worker.
type act func(ctx context.Context, worker, n int) (*answer, error)

// load lets browsers act for a while, or, with a most, until they have acted so often in all.
func (b *bench) load(ctx context.Context, p *process, browsers int, long time.Duration, do act) (round, error) {
	before, err := worked(p.cmd.Process.Pid, b.postmaster)
	if err != nil {
		return round{}, err
	}
	var wait sync.WaitGroup
	rounds, errs := make([]round, browsers), make([]error, browsers)
	until := time.Now().Add(long)
	for i := range browsers {
		wait.Go(func() {
			for n := 0; time.Now().Before(until); n++ {
				a, err := do(ctx, i, n)
				if errors.Is(err, errNoMore) {
					return
				}
				if err != nil {
					errs[i] = err
					return
				}
				rounds[i].done++
				rounds[i].times = append(rounds[i].times, a.took)
			}
		})
	}
	wait.Wait()
	after, err := worked(p.cmd.Process.Pid, b.postmaster)
	if err := errors.Join(append(errs, err)...); err != nil {
		return round{}, fmt.Errorf("%s: %w", p.name, err)
	}
	total := round{cpu: after - before}
	for _, r := range rounds {
		total.done += r.done
		total.times = append(total.times, r.times...)
	}
	slices.Sort(total.times)
	return total, nil
}

// errNoMore ends a worker's round early: there is nothing left to act on.
var errNoMore = errors.New("nothing left to act on")

var (
	moreLink  = regexp.MustCompile(`id="more"[^>]*? href="([^"]+)"`)
	ofOrg     = regexp.MustCompile(`data-org="([^"]+)"`)
	ofPerson  = regexp.MustCompile(`data-user="([^"]+)"`)
	rowOfList = regexp.MustCompile(`<tr[^>]* id="(?:mem|inv)_[0-9a-z]+"`)
)
