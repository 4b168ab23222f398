package browsertest

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
)

// watch keeps what a page does while nobody looks: what is under way, and what must not happen.
type watch struct {
	host string // the site's own

	mu       sync.Mutex
	wrong    []string
	later    string // an answer that asks to come back
	underway map[network.RequestID]bool
	loading  bool
	status   int    // of the document
	frame    string // the main one
	asks     bool   // a question before leaving is expected
	asked    []string
}

// expected are the browser's own words for what is no fault: an answer from 400 to 499 or of 503, which is judged by
// itself, and a sandbox that does what it is for.
var expected = []string{"the server responded with a status of 4", "the server responded with a status of 503", "because the document's frame is sandboxed and the 'allow-scripts' permission is not set"}

// saw takes every event of a page. It must not wait for the browser.
func (w *watch) saw(event any, answer func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		// A frame in the page may live in a process of its own, which does not tell here when it has loaded.
		// A stream of events is not to end.
		if (e.Type != network.ResourceTypeDocument || string(e.FrameID) == w.frame) && !strings.Contains(e.Request.URL, "/events?") {
			w.underway[e.RequestID] = true
		}
		if !w.isOurs(e.Request.URL) {
			w.note("a request to another host: %s", e.Request.URL)
		}
	case *network.EventResponseReceived:
		document := e.Type == network.ResourceTypeDocument
		if document && string(e.FrameID) == w.frame {
			w.status = int(e.Response.Status)
		}
		switch asked := document || e.Type == network.ResourceTypeXHR || e.Type == network.ResourceTypeFetch; {
		case e.Response.Status == 503 && strings.Contains(e.Response.URL, "/events?"): // the page comes back by itself
		case e.Response.Status == 503 && header(e.Response.Headers, "retry-after") != "":
			w.later = fmt.Sprintf("%s answered 503", e.Response.URL)
		case e.Response.Status >= 500:
			w.note("%s answered %d", e.Response.URL, e.Response.Status)
		case e.Response.Status >= 400 && !asked:
			w.note("%s, which the page needs, answered %d", e.Response.URL, e.Response.Status)
		}
		if document && w.isOurs(e.Response.URL) && !strings.HasPrefix(header(e.Response.Headers, "content-security-policy"), "default-src 'none'") {
			w.note("%s came without the content security policy", e.Response.URL)
		}
	case *network.EventLoadingFinished:
		delete(w.underway, e.RequestID)
	case *network.EventLoadingFailed:
		delete(w.underway, e.RequestID)
		if e.BlockedReason != "" {
			w.note("a request was blocked: %s", e.BlockedReason)
		}
	case *page.EventFrameStartedLoading:
		w.loading = w.loading || string(e.FrameID) == w.frame
	case *page.EventFrameRequestedNavigation:
		w.loading = w.loading || string(e.FrameID) == w.frame
	case *page.EventFrameStoppedLoading:
		if string(e.FrameID) == w.frame {
			w.loading = false
		}
	case *page.EventFrameNavigated:
		if e.Frame.ParentID == "" {
			w.frame = string(e.Frame.ID)
			clear(w.underway) // what the page before had asked for
		}
	case *page.EventJavascriptDialogOpening:
		w.asked = append(w.asked, string(e.Type))
		if !w.asks {
			w.note("a question of the browser that nobody expected: %s %s", e.Type, e.Message)
		}
		go answer()
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeAssert {
			w.note("console: %s", spoken(e.Args))
		}
	case *runtime.EventExceptionThrown:
		w.note("exception: %s", e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError && !slices.ContainsFunc(expected, func(words string) bool { return strings.Contains(e.Entry.Text, words) }) {
			w.note("console (%s): %s %s", e.Entry.Source, e.Entry.Text, e.Entry.URL)
		}
	case *audits.EventIssueAdded:
		if d := e.Issue.Details; d != nil && d.ContentSecurityPolicyIssueDetails != nil {
			w.note("the content security policy forbids %s %s", d.ContentSecurityPolicyIssueDetails.ViolatedDirective, d.ContentSecurityPolicyIssueDetails.BlockedURL)
		}
	}
}

func (w *watch) note(format string, args ...any) {
	if said := fmt.Sprintf(format, args...); !slices.Contains(w.wrong, said) {
		w.wrong = append(w.wrong, said)
	}
}

// busy is the answer that asked to come back since it was last asked, if there was one.
func (w *watch) busy() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	later := w.later
	w.later = ""
	return later
}

// take gives what went wrong since it was last asked.
func (w *watch) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	wrong := w.wrong
	w.wrong = nil
	return wrong
}

// still tells whether the page waits for nothing.
func (w *watch) still() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !w.loading && len(w.underway) == 0
}

func (w *watch) isOurs(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Host == w.host || u.Scheme == "about" || u.Scheme == "data" || u.Scheme == "blob")
}

func header(h network.Headers, name string) string {
	for key, value := range h {
		if strings.EqualFold(key, name) {
			return fmt.Sprint(value)
		}
	}
	return ""
}

// spoken are the arguments of a console call, as far as they can be read.
func spoken(args []*runtime.RemoteObject) string {
	var words []string
	for _, a := range args {
		var text string
		switch {
		case json.Unmarshal(a.Value, &text) == nil && text != "":
			words = append(words, text)
		case a.Description != "":
			words = append(words, a.Description)
		default:
			words = append(words, string(a.Value))
		}
	}
	return strings.Join(words, " ")
}
