package main

import (
	"context"
	"fmt"
	"runtime/debug"
)

// version prints what was built.
func version(_ context.Context, c call) error {
	if len(c.args) > 0 {
		return errUsage
	}
	_, err := fmt.Fprintln(c.out, "roster", versionText())
	return err
}

// versionText is the module's version, or the revision that it was built from.
func versionText() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if info.Main.Version != "" && info.Main.Version != "(devel)" {
		return info.Main.Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return "development"
}
