package faulttest

import (
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"roster/internal/mail/mailtest"
	"roster/internal/suite"
	"roster/views/paths"
)

// R16: one of two nodes is asked to stop under load. It says at once that it is not ready, serves on until the load
// balancer has seen that, asks for no connection to be kept, ends what it began, and says that all went well. Nobody
// notices.
func TestStopUnderLoadFailsNobody(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	leaving, staying := s.start(), s.start()
	ann, cem := s.signUp(leaving, "Ann Owner"), s.signUp(leaving, "Cem Member")
	ann.found("acme")
	cem.join(ann, "acme")
	s.mature("acme")
	d := drive(t, ann, "acme", 4, cem)
	d.progress(10)

	looker := ann.copyOf()
	leaving.signal(syscall.SIGTERM)
	suite.Until(t, "the node says that it stops", func() bool {
		status, said := leaving.health("/readyz")
		return status == http.StatusServiceUnavailable && said == "stopping\n"
	})
	a := looker.mustGet(http.StatusOK, paths.Org("acme")) // the load balancer may not know yet
	if !a.last {
		t.Error("while it stops, a page is answered without Connection: close")
	}
	if status, _ := leaving.health("/livez"); status != http.StatusOK {
		t.Errorf("while it stops, /livez answers %d", status)
	}
	ann.at(staying) // now it does
	if status := leaving.end(); status != 0 {
		t.Errorf("it ended with status %d", status)
	}
	d.progress(10)
	d.halt()
	d.onlyKinds(http.StatusSeeOther)
	d.judge(s)
	staying.stop()
}

// R16: what a stopping node has begun and cannot end is given back: a letter that the mail server does not take is sent by
// the next node.
func TestStopGivesLettersBack(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	n := s.start()
	ann := s.signUp(n, "Ann Owner")
	ann.found("acme")
	s.letters.Set(mailtest.Hang)
	before := s.letters.Attempts()
	ann.invite("acme", "guest@stop.example")
	suite.Until(t, "the letter is being sent", func() bool { return s.letters.Attempts() > before })
	n.stop()
	states := all[string](t, s.database, `SELECT state::text FROM river.river_job WHERE args->>'letter' = 'invitation'`)
	if len(states) != 1 || states[0] == "running" || states[0] == "discarded" {
		t.Errorf("the letter is left %v", states)
	}
	s.letters.Set(mailtest.Normal)
	next := s.start()
	if m := s.letters.Wait(t, "guest@stop.example"); !strings.Contains(m.Subject, "Acme") {
		t.Errorf("the letter is %q", m.Subject)
	}
	next.stop()
}

// R16: whoever does not want to wait asks twice.
func TestSecondSignalEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newSite(t, shared)
	// Stopping well takes two seconds and more: on a slow machine it may be over before somebody asks twice.
	suite.Try(t, "the second signal ends a node", func() string {
		n := s.start()
		n.signal(syscall.SIGTERM)
		suite.Until(t, "the node says that it stops", func() bool { return !n.ready() })
		n.signal(syscall.SIGTERM)
		n.end()
		status := n.cmd.ProcessState.Sys().(syscall.WaitStatus)
		if status.Signaled() && status.Signal() == syscall.SIGTERM {
			return ""
		}
		return fmt.Sprintf("it ended with %v", status)
	})
}
