package main

import (
	"context"
	"errors"
	"fmt"
	"html"
	"math"
	"net/http"
	"strings"
	"time"
)

// cell is what is done again and again by one server, to be set against another.
type cell struct {
	p        *process
	browsers int
	do       act
}

// get is a page asked for by each worker's own browser.
func get(p *process, all []*browser, status int, path string) cell {
	return cell{p, len(all), func(ctx context.Context, worker, _ int) (*answer, error) {
		return all[worker].must(ctx, status, path, nil)
	}}
}

// sideBySide runs cells in turn, round after round, so that whatever else the machine does touches all alike.
func (b *bench) sideBySide(ctx context.Context, cells ...cell) ([][]round, error) {
	all := make([][]round, len(cells))
	for n := -1; n < b.rounds; n++ { // the first one warms up and is not counted
		for i, c := range cells {
			long := b.long
			if n < 0 {
				long /= 2
			}
			r, err := b.load(ctx, c.p, c.browsers, long, c.do)
			if err != nil {
				return nil, err
			}
			if n >= 0 {
				all[i] = append(all[i], r)
			}
		}
	}
	return all, nil
}

// against is the row of a ratio of rates per second of processor time: of ours to the ceiling's.
func against(figure string, l *limit, ours, ceiling []round) row {
	return row{figure: figure, unit: ratio, value: median(rates(ours)) / median(rates(ceiling)), limit: l,
		note: fmt.Sprintf("per second of processor time: ours %.0f, ceiling %.0f", rates(ours), rates(ceiling))}
}

func rates(rounds []round) []float64 {
	all := make([]float64, len(rounds))
	for i, r := range rounds {
		all[i] = r.rate()
	}
	return all
}

// p50 is the median of the rounds' medians, in milliseconds.
func p50(rounds []round) float64 { return quantiles(rounds, 0.5) }

func quantiles(rounds []round, part float64) float64 {
	all := make([]float64, len(rounds))
	for i, r := range rounds {
		all[i] = inMillis(quantile(r.times, part))
	}
	return median(all)
}

const membersPage = "/orgs/" + northwind + "/members"

// pages sets the members page and the session check against the ceiling.
func (b *bench) pages(ctx context.Context) error {
	at := b.at(world(b.largest()))
	ours, err := b.serve(ctx, rosterProgram, at)
	if err != nil {
		return err
	}
	defer ours.stop()
	ceiling, err := b.serve(ctx, ceilingProgram, at)
	if err != nil {
		return err
	}
	defer ceiling.stop()

	// Nobody has asked for anything but the log-in page so far.
	if err := pause(ctx, 2*time.Second); err != nil {
		return err
	}
	idle, err := ours.memory("VmRSS")
	if err != nil {
		return err
	}
	mine, passwords, err := b.crewElsewhere(ctx, at, ours, ingrid)
	if err != nil {
		return err
	}
	theirs := moveTo(ceiling.address, mine)
	size, err := sameShape(ctx, mine[0], theirs[0])
	if err != nil {
		return err
	}

	plain, err := b.sideBySide(ctx, get(ours, mine, http.StatusOK, membersPage), get(ceiling, theirs, http.StatusOK, membersPage))
	if err != nil {
		return err
	}
	zip(mine, theirs)
	zipped, err := b.sideBySide(ctx, get(ours, mine, http.StatusOK, membersPage), get(ceiling, theirs, http.StatusOK, membersPage))
	if err != nil {
		return err
	}
	check, err := b.sideBySide(ctx, get(ours, mine, http.StatusSeeOther, "/login"), get(ceiling, theirs, http.StatusSeeOther, "/login"))
	if err != nil {
		return err
	}
	loaded, err := ours.memory("VmHWM")
	if err != nil {
		return err
	}

	b.table.add(against("members page / ceiling", &limit{0.55, 0.75}, plain[0], plain[1]))
	b.table.add(against("members page, gzip / ceiling", nil, zipped[0], zipped[1]))
	b.table.add(against("session check / ceiling", &limit{0.50, 0.70}, check[0], check[1]))
	b.table.add(row{figure: "HTML of the ceiling's page, off ours by", unit: percent, value: 100 * math.Abs(size-1), limit: &limit{10, 5},
		note: "if it is much, the ceiling renders another page: bring internal/bench/ceiling/page.templ up to date"})
	b.pageRate = median(rates(plain[0]))
	b.table.add(row{figure: "members page under load, p95", unit: millis, value: quantiles(zipped[0], 0.95), limit: under(50),
		note: fmt.Sprintf("%d browsers at once, gzip, %s members; load and database share the machine", workers, number(float64(b.largest())))})
	b.table.add(row{figure: "memory idle", unit: mega, value: idle, limit: &limit{40, 25}, note: "resident, two seconds after the first answer"})
	b.table.add(row{figure: "memory under load", unit: mega, value: loaded, limit: &limit{80, 50}, note: "the most that was resident while four browsers read pages"})
	b.table.add(row{figure: "memory under log-ins", unit: mega, value: passwords, note: "the most that was resident in a server where four people logged in one by one"})
	if err := b.weight(ctx, ours, mine[0].session); err != nil {
		return err
	}
	return b.pieces(ctx, ours, mine[0])
}

func zip(crews ...[]*browser) {
	for _, crew := range crews {
		for _, one := range crew {
			one.gzip = true
		}
	}
}

// crewElsewhere is a crew for a server that was logged in by another one, and the most memory that took: much,
// for a moment, which is not what is measured of the first.
func (b *bench) crewElsewhere(ctx context.Context, at place, p *process, email string) ([]*browser, float64, error) {
	door, err := b.serve(ctx, rosterProgram, at)
	if err != nil {
		return nil, 0, err
	}
	defer door.stop()
	all, err := crew(ctx, door.address, email)
	if err != nil {
		return nil, 0, err
	}
	took, err := door.memory("VmHWM")
	return moveTo(p.address, all), took, err
}

// sameShape is how large the ceiling's page is beside ours, before compression.
func sameShape(ctx context.Context, mine, theirs *browser) (float64, error) {
	ours, err := mine.must(ctx, http.StatusOK, membersPage, nil)
	if err != nil {
		return 0, err
	}
	other, err := theirs.must(ctx, http.StatusOK, membersPage, nil)
	if err != nil {
		return 0, err
	}
	for _, page := range []*answer{ours, other} {
		if n := len(rowOfList.FindAll(page.body, -1)); n != 50 {
			return 0, fmt.Errorf("a page of %d rows, want 50", n)
		}
	}
	return float64(len(other.body)) / float64(len(ours.body)), nil
}

// htmx are the headers by which a piece is asked for.
var htmx = []string{"HX-Request", "true", "HX-Request-Type", "partial", "HX-Current-URL", "https://" + public + membersPage}

// pieces are what htmx swaps in: the next rows, and one row that was changed.
func (b *bench) pieces(ctx context.Context, p *process, one *browser) error {
	first, err := newLike(one, false).must(ctx, http.StatusOK, membersPage, nil)
	if err != nil {
		return err
	}
	link := moreLink.FindSubmatch(first.body)
	if link == nil {
		return errors.New("the members page leads to no next one")
	}
	more, err := newLike(one, true).must(ctx, http.StatusOK, html.UnescapeString(string(link[1])), nil, htmx...)
	if err != nil {
		return err
	}
	text, err := unzipped(more)
	if err != nil {
		return err
	}
	if n := len(rowOfList.FindAll(text, -1)); n != 50 {
		return fmt.Errorf("the piece with the next rows has %d of them, want 50", n)
	}
	b.table.add(row{figure: "piece for the next 50 rows, gzip", unit: kilo, value: float64(len(more.body)) / 1000, limit: &limit{5, 4}})
	return nil
}

// newLike is the same person by another connection.
func newLike(one *browser, gzip bool) *browser {
	other := newBrowser(one.server)
	other.session, other.gzip = one.session, gzip
	return other
}

// growth tells what a page costs with more members, and further down the list.
func (b *bench) growth(ctx context.Context) error {
	small, err := b.serve(ctx, rosterProgram, b.at(world(b.sizes[0])))
	if err != nil {
		return err
	}
	defer small.stop()
	large, err := b.serve(ctx, rosterProgram, b.at(world(b.largest())))
	if err != nil {
		return err
	}
	defer large.stop()
	few, err := logIn(ctx, small.address, ingrid)
	if err != nil {
		return err
	}
	many, err := logIn(ctx, large.address, ingrid)
	if err != nil {
		return err
	}
	deep, page, err := walk(ctx, many, 1000)
	if err != nil {
		return err
	}
	// One browser, so that nothing waits in line.
	rounds, err := b.sideBySide(ctx, get(small, []*browser{few}, http.StatusOK, membersPage), get(large, []*browser{many}, http.StatusOK, membersPage), get(large, []*browser{many}, http.StatusOK, deep))
	if err != nil {
		return err
	}
	p := []float64{p50(rounds[0]), p50(rounds[1]), p50(rounds[2])}
	b.table.add(row{figure: fmt.Sprintf("members page, %s members against %s, p50", number(float64(b.largest())), number(float64(b.sizes[0]))), unit: times,
		value: p[1] / p[0], limit: &limit{3, 2}, note: fmt.Sprintf("%.2f ms against %.2f ms", p[1], p[0])})
	b.table.add(row{figure: fmt.Sprintf("page %s against page 1, p50", number(float64(page))), unit: times, value: p[2] / p[1], limit: &limit{1.3, 1.1},
		note: fmt.Sprintf("%.2f ms against %.2f ms", p[2], p[1])})

	size := number(float64(b.largest()))
	for _, one := range []struct{ what, query string }{
		{"list", ""}, {"last page", "?sort=-name"}, {"by date joined", "?sort=-joined"}, {"search by two letters", "?q=ma"}, {"search by a prefix", "?q=kowal"},
		{"search inside words", "?q=ndqvis"}, {"search for nobody", "?q=zzyzx"}, {"role filter", "?role=admin"}, {"role filter, rare", "?role=owner"},
		{"search and role", "?q=mar&role=viewer"}, {"status filter", "?status=suspended"},
	} {
		figure := fmt.Sprintf("%s members: %s, p50", size, one.what)
		if _, err := many.must(ctx, http.StatusOK, membersPage+one.query, nil); err != nil { // too slow, for one
			b.table.add(row{figure: figure, unit: millis, value: math.NaN(), limit: under(300), note: err.Error()})
			continue
		}
		r, err := b.load(ctx, large, 1, b.long/2, func(ctx context.Context, _, _ int) (*answer, error) {
			return many.must(ctx, http.StatusOK, membersPage+one.query, nil)
		})
		if err != nil {
			return err
		}
		b.table.add(row{figure: figure, unit: millis, value: inMillis(quantile(r.times, 0.5)), limit: under(300)})
	}
	return nil
}

// walk goes down the list page by page, as far as there are full ones, and gives the address it came to.
func walk(ctx context.Context, one *browser, pages int) (string, int, error) {
	at, before := membersPage, ""
	for page := 1; ; page++ {
		a, err := one.must(ctx, http.StatusOK, at, nil)
		if err != nil {
			return "", 0, err
		}
		link := moreLink.FindSubmatch(a.body)
		switch {
		case page == pages:
			return at, page, nil
		case link == nil: // the last page may be a short one
			return before, page - 1, nil
		}
		before = at
		at, _, _ = strings.Cut(html.UnescapeString(string(link[1])), "&shown=") // as a page of its own
	}
}

// start is how long a server takes from nothing to its first answer.
func (b *bench) start(ctx context.Context) error {
	var took []float64
	for range b.rounds + 2 {
		began := time.Now()
		p, err := b.serve(ctx, rosterProgram, b.at(world(b.sizes[0])))
		if err != nil {
			return err
		}
		took = append(took, inMillis(time.Since(began)))
		p.stop()
	}
	b.table.add(row{figure: "start to first answer", unit: millis, value: median(took), limit: &limit{150, 50}, note: fmt.Sprintf("the log-in page; %.0f", took)})
	return nil
}

func pause(ctx context.Context, long time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(long):
		return nil
	}
}
