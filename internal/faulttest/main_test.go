// Package faulttest breaks what Roster stands on, and counts afterwards: PostgreSQL is killed, locked and
// restarted, the program is killed while it works, the mail server dawdles. It runs the real program
// against a real PostgreSQL and a real mail server, all three its own.
//
// A test has three parts. A driver posts numbered operations, as somebody does who presses again until it
// worked, and notes which of them were acknowledged. Then something breaks. An oracle reads the database
// past row security and holds it against the notes: what was acknowledged is there, once, and nothing is
// there by half.
package faulttest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"slices"
	"testing"

	// What the program is made of, so that go test does not take an earlier result for one of this program.
	_ "roster/internal/config"
	_ "roster/internal/seed"
	_ "roster/web"
)

// rounds is how often a test that kills something at random does so; without it, often enough for every change.
var rounds = flag.Int("rounds", 0, "rounds of each test that kills at random; 0 means few")

// roundsOr is the flag, or a test's own number.
func roundsOr(few int) int {
	if *rounds > 0 {
		return *rounds
	}
	return few
}

var (
	// workplace is a directory that PostgreSQL's account can pass through too.
	workplace string
	// program is the real one, built from these sources.
	program string
	// shared is the server of all tests that do not break it.
	shared *postgres
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if workplace, err = os.MkdirTemp("", "roster-fault-"); err != nil {
		return fail(err)
	}
	defer os.RemoveAll(workplace)
	if err := os.Chmod(workplace, 0o711); err != nil {
		return fail(err)
	}
	if program, err = build(); err != nil {
		return fail(err)
	}
	if shared, err = newPostgres(nil); err != nil {
		return fail(err)
	}
	defer shared.close()
	return m.Run()
}

func fail(err error) int {
	fmt.Fprintln(os.Stderr, "faulttest:", err)
	return 1
}

// build makes the program, with the race detector if the tests run with it.
func build() (string, error) {
	sources, err := filepath.Glob("../../cmd/roster/*.go")
	if err != nil {
		return "", err
	}
	for _, source := range sources { // package main cannot be imported: to have read it does the same
		if _, err := os.ReadFile(source); err != nil {
			return "", err
		}
	}
	file := filepath.Join(workplace, "roster")
	args := []string{"build", "-o", file}
	if raced() {
		args = append(args, "-race")
	}
	if said, err := exec.Command("go", append(args, "roster/cmd/roster")...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the program: %w\n%s", err, said)
	}
	return file, nil
}

// raced tells whether the tests were built with the race detector.
func raced() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}
