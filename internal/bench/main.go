// Command bench measures Roster against the budgets of its design and says whether they hold: `make bench`.
//
// It keeps a private PostgreSQL under var/bench with one database for each size of the large organization
// (1,000 to 1,000,000 members), seeded at the first run and used again by those after it. Roster runs from
// bin/roster as in production; beside it, on the same database, runs the ceiling (./ceiling): Echo, templ and
// pgx with nothing between them, sending the same statements. What is told is mostly a ratio of the two, per
// second of processor time of server and PostgreSQL together, because only that means something on a machine
// that others use as well. Rounds of both alternate, and medians count.
//
// The table goes to the standard output, and as JSON to var/bench/result.json. The status is 1 if a floor is
// missed.
package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
	"time"
)

// bench is one run.
type bench struct {
	dir, bin   string
	key        string // of the installation, of this run
	worlds     *worlds
	postmaster int
	sizes      []int
	rounds     int
	long       time.Duration // of one round
	started    []*process
	table      table
	pageRate   float64 // members pages per second of processor time
}

func (b *bench) largest() int { return b.sizes[len(b.sizes)-1] }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	quick := flag.Bool("quick", false, "up to 10,000 members and short rounds: to see that it works")
	dir := flag.String("dir", "var/bench", "where the worlds and the result are")
	flag.Parse()
	b := &bench{bin: "bin", sizes: []int{1_000, 10_000, 100_000, 1_000_000}, rounds: 5, long: 2 * time.Second}
	if *quick {
		b.sizes, b.rounds, b.long = b.sizes[:2], 3, time.Second
	}
	failed, err := b.run(ctx, *dir, *quick)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(2)
	}
	if failed {
		os.Exit(1)
	}
}

// run measures everything, and tells whether a floor was missed.
func (b *bench) run(ctx context.Context, dir string, quick bool) (bool, error) {
	if runtime.GOOS != "linux" {
		return false, errors.New("processor time is read from /proc, which Linux alone has")
	}
	// Whatever hangs, the run ends.
	ctx, cancel := context.WithTimeoutCause(ctx, 15*time.Minute, errors.New("a run may take fifteen minutes; what was seeded stays"))
	defer cancel()
	began := time.Now()
	say := func(format string, args ...any) {
		fmt.Fprintf(os.Stderr, "%6s  %s\n", time.Since(began).Round(time.Second), fmt.Sprintf(format, args...))
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails: the program ends before it would
	b.key = base64.StdEncoding.EncodeToString(secret[:])
	var err error
	if b.dir, err = filepath.Abs(dir); err != nil {
		return false, err
	}
	if b.bin, err = filepath.Abs(b.bin); err != nil {
		return false, err
	}
	say("open the worlds in %s", b.dir)
	if b.worlds, err = openWorlds(ctx, b.dir, b.sizes, say); err != nil {
		return false, err
	}
	defer b.worlds.close(context.WithoutCancel(ctx))
	defer func() {
		for _, p := range b.started {
			p.stop()
		}
	}()
	if b.postmaster, err = b.worlds.postmaster(); err != nil {
		return false, err
	}
	if err := b.openChanges(ctx); err != nil {
		return false, err
	}
	defer b.worlds.drop(context.WithoutCancel(ctx), changes)
	for _, part := range []struct {
		what    string
		measure func(context.Context) error
	}{
		{"pages against the ceiling", b.pages}, {"changes against the ceiling", b.writes}, {"round trips", b.turnsOf},
		{"growth, and a large organization", b.growth}, {"row security, by pgbench", b.rawRows}, {"start", b.start},
		{"export", b.export}, {"import", b.imports},
	} {
		say("%s", part.what)
		if err := part.measure(ctx); ctx.Err() != nil {
			return false, context.Cause(ctx)
		} else if err != nil {
			return false, fmt.Errorf("%s: %w", part.what, err)
		}
	}
	b.table.print(os.Stdout)
	text, err := b.table.file(began.UTC(), quick)
	if err != nil {
		return false, err
	}
	file := filepath.Join(b.dir, "result.json")
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return false, err
	}
	fmt.Printf("\nAs JSON: %s (took %s)\n", file, time.Since(began).Round(time.Second))
	return b.table.failed(), nil
}
