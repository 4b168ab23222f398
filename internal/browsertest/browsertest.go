// Package browsertest lets tests use the site as people do, in a real Chromium: they find links, buttons and
// fields by the words on them, never by class, and say what they see. Whoever opens a page has a browser of
// their own, with nothing remembered; script can be off.
//
// Whatever goes wrong on the way fails the test by itself: a report of the content security policy, an error
// on the console, an exception, a request to another host, an answer of 500 or above.
package browsertest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// chromium is the one browser process of a test program: started by the first test that needs it, stopped
// when the last one that is using it ends.
var chromium struct {
	sync.Mutex
	users int
	ctx   context.Context // of the browser, not of a page
	stop  func()
}

// Start starts the browser for all the tests below this one, which then need not start one each.
func Start(t testing.TB) {
	t.Helper()
	browser(t)
}

// browser starts Chromium, or shares the one that runs.
func browser(t testing.TB) context.Context {
	t.Helper()
	chromium.Lock()
	defer chromium.Unlock()
	if chromium.users == 0 {
		ctx, stop, err := start()
		if err != nil {
			t.Fatalf("start Chromium: %v", err)
		}
		chromium.ctx, chromium.stop = ctx, stop
	}
	chromium.users++
	t.Cleanup(func() {
		chromium.Lock()
		defer chromium.Unlock()
		if chromium.users--; chromium.users == 0 {
			chromium.stop()
		}
	})
	return chromium.ctx
}

// usual are the places where a Chromium is that is not in PATH.
var usual = []string{
	"/usr/lib/chromium/chromium", "/usr/lib64/chromium-browser/chromium-browser", "/snap/bin/chromium", "/opt/google/chrome/chrome",
	"/Applications/Chromium.app/Contents/MacOS/Chromium", "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// findChromium prefers the one without windows: it is the same engine, and takes half of the time.
func findChromium() (string, error) {
	for _, name := range []string{"chromium-headless-shell", "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	for _, path := range usual {
		if _, err := os.Stat(path); err == nil {
			return path, nil
		}
	}
	return "", errors.New("there is none: install Chromium with the system's package manager")
}

func start() (context.Context, func(), error) {
	path, err := findChromium()
	if err != nil {
		return nil, nil, err
	}
	dir, err := os.MkdirTemp("", "roster-browser-")
	if err != nil {
		return nil, nil, err
	}
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(path), chromedp.UserDataDir(dir), chromedp.Headless, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.DisableGPU, chromedp.WSURLReadTimeout(time.Minute),
		chromedp.Flag("no-sandbox", os.Getuid() == 0), // it refuses to start as root otherwise
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true),
		chromedp.Flag("disable-default-apps", true),
		chromedp.Flag("disable-extensions", true),
		chromedp.Flag("disable-dev-shm-usage", true), // it is small in containers
		chromedp.Flag("disable-breakpad", true),
		chromedp.Flag("hide-scrollbars", true),
		chromedp.Flag("password-store", "basic"),
		chromedp.Flag("use-mock-keychain", true),
		chromedp.Flag("force-color-profile", "srgb"),
		// Pages of people who act at the same time must not be put to sleep.
		chromedp.Flag("disable-background-timer-throttling", true),
		chromedp.Flag("disable-backgrounding-occluded-windows", true),
		chromedp.Flag("disable-renderer-backgrounding", true),
	}
	if runtime.GOOS == "linux" {
		options = append(options, chromedp.Flag("ozone-platform", "headless"))
	}
	allocator, forget := chromedp.NewExecAllocator(context.Background(), options...)
	// A newer Chromium tells of events that this version of the protocol does not know: that is no error.
	ctx, cancel := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	if err := chromedp.Run(ctx); err != nil {
		cancel()
		forget()
		os.RemoveAll(dir)
		return nil, nil, err
	}
	stop := func() {
		_ = chromedp.Cancel(ctx) // asks it to close; what is left of it is ended by forget
		forget()
		// Its children may write for a moment after it is gone.
		again := time.NewTicker(glance)
		defer again.Stop()
		for end := time.Now().Add(10 * time.Second); os.RemoveAll(dir) != nil && time.Now().Before(end); {
			<-again.C
		}
	}
	return ctx, stop, nil
}

// root is the directory of the module, where vendored files are.
func root() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir, nil
		}
		up := filepath.Dir(dir)
		if up == dir {
			return "", fmt.Errorf("no go.mod above the working directory")
		}
		dir = up
	}
}
