package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
)

// version prints what was built, and from what.
func version(_ context.Context, c call) error {
	_, err := fmt.Fprintf(c.out, "roster %s\n%s\n", versionText(), origin())
	return err
}

// versionText is the version that the build took from the repository: its tag, or for a commit without one its time and
// name, with "+dirty" where files were changed since.
func versionText() string {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "development"
	}
	return info.Main.Version
}

// origin is the compiler, the machine, and the commit with its time, where the build knew them.
func origin() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "built by an unknown Go"
	}
	built := map[string]string{}
	for _, s := range info.Settings {
		built[s.Key] = s.Value
	}
	text := fmt.Sprintf("built by %s for %s/%s", info.GoVersion, built["GOOS"], built["GOARCH"])
	if commit := built["vcs.revision"]; commit != "" {
		text += fmt.Sprintf(" from commit %s of %s", commit, built["vcs.time"])
	}
	if built["vcs.modified"] == "true" {
		text += ", with changes"
	}
	return strings.TrimSpace(text)
}
