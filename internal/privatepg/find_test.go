package privatepg

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakeServer makes a folder whose programs only tell a version.
func fakeServer(t *testing.T, dir, version string) string {
	t.Helper()
	must(t, os.MkdirAll(dir, 0o755))
	script := fmt.Sprintf("#!/bin/sh\necho 'postgres (PostgreSQL) %s'\n", version)
	for _, name := range []string{"postgres", "initdb"} {
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
	}
	return dir
}

// onlyIn makes the machine look as if PostgreSQL could be in these folders and on PATH only.
func onlyIn(t *testing.T, path string, patterns ...string) {
	t.Helper()
	before := folders
	t.Cleanup(func() { folders = before })
	folders = patterns
	t.Setenv("PATH", path)
}

func TestFindThisMachine(t *testing.T) {
	dir, version, err := Find("")
	must(t, err)
	if version < Oldest {
		t.Errorf("found version %d", version)
	}
	again, sameVersion, err := Find(dir)
	if again != dir || sameVersion != version || err != nil {
		t.Errorf("Find(%q) = %q, %d, %v", dir, again, sameVersion, err)
	}
}

func TestFindNewest(t *testing.T) {
	root := t.TempDir()
	fakeServer(t, filepath.Join(root, "9", "bin"), "9.6.24")
	fakeServer(t, filepath.Join(root, "15", "bin"), "15.4 (Debian 15.4-1)")
	newest := fakeServer(t, filepath.Join(root, "18", "bin"), "18beta1")
	onPath := fakeServer(t, filepath.Join(root, "path"), "16.1")
	onlyIn(t, onPath+":/usr/bin:/bin", filepath.Join(root, "*", "bin"))

	dir, version, err := Find("")
	if dir != newest || version != 18 || err != nil {
		t.Errorf("Find = %q, %d, %v, want %q, 18", dir, version, err, newest)
	}
	found, err := installed("")
	must(t, err)
	if len(found) != 3 || found[1].version != 16 || found[2].version != 15 {
		t.Errorf("installed = %v, want 18, 16, 15", found)
	}
	if dir, version, err := Find(onPath); dir != onPath || version != 16 || err != nil {
		t.Errorf("Find(%q) = %q, %d, %v", onPath, dir, version, err)
	}
}

// A link to the server leads to the folder where the other programs are.
func TestFindFollowsLinks(t *testing.T) {
	root := t.TempDir()
	real := fakeServer(t, filepath.Join(root, "real"), "17.0")
	links := filepath.Join(root, "links")
	must(t, os.Mkdir(links, 0o755))
	must(t, os.Symlink(filepath.Join(real, "postgres"), filepath.Join(links, "postgres")))
	onlyIn(t, links+":/usr/bin:/bin")
	if dir, version, err := Find(""); dir != real || version != 17 || err != nil {
		t.Errorf("Find = %q, %d, %v, want %q, 17", dir, version, err, real)
	}
}

func TestNotInstalled(t *testing.T) {
	root := t.TempDir()
	old := fakeServer(t, filepath.Join(root, "old"), "13.9")
	onlyIn(t, "", filepath.Join(root, "*"))

	_, _, err := Find("")
	if !errors.Is(err, ErrNotInstalled) {
		t.Errorf("got %v, want ErrNotInstalled", err)
	}
	for _, word := range []string{"PostgreSQL 15 or later", "install", "ROSTER_PG_BIN"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("%q does not say %q", err, word)
		}
	}
	if strings.Contains(err.Error(), "\n") || strings.Contains(err.Error(), ". ") {
		t.Errorf("%q is not one sentence", err)
	}

	if _, _, err := Find(old); !errors.Is(err, ErrNotInstalled) || !strings.Contains(err.Error(), "PostgreSQL 13") {
		t.Errorf("got %v for a folder with an old version", err)
	}
	if _, _, err := Find(t.TempDir()); err == nil || !strings.Contains(err.Error(), "ROSTER_PG_BIN") {
		t.Errorf("got %v for an empty folder", err)
	}

	dir := filepath.Join(root, "var")
	if err := refused(t, Options{Dir: dir}); !errors.Is(err, ErrNotInstalled) {
		t.Errorf("got %v, want ErrNotInstalled", err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("a directory was made though there is nothing to run")
	}
}
