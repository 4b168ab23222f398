package mail_test

import (
	"strings"
	"testing"

	"roster/internal/mail"
)

// R26 R22: a letter that makes the worker panic is tried again later, as one that could not be sent, and given up in the
// end; the others leave, and so does this one when its cause is gone.
func TestPanicIsAFailedAttempt(t *testing.T) {
	t.Parallel()
	o := open(t)
	render := o.config.Render
	o.config.Render = func(l mail.Letter, base string) (mail.Rendered, error) {
		if invited, ok := l.(mail.Invitation); ok && strings.HasPrefix(invited.To, "poison") {
			panic("this letter cannot be written")
		}
		return render(l, base)
	}
	stop := o.work(t)
	short := func(j *mail.Job) { j.MaxAttempts = 3 }
	dies, waits := o.post(t, invite("poison@acme.example"), short), o.post(t, invite("poison-later@acme.example"))
	for _, to := range []string{"mara@acme.example", "noor@acme.example"} {
		o.post(t, invite(to))
		o.server.Wait(t, to)
	}
	if r := o.until(t, dies, "discarded"); r.Attempt != 3 || !strings.Contains(r.Errors, "this letter cannot be written") {
		t.Errorf("the letter ends as %+v", r)
	}
	if err := o.sweep(t); err != nil { // as every minute
		t.Fatal(err)
	}
	if r := o.row(t, dies); r.Sealed {
		t.Error("the letter that was given up still holds its secret")
	}
	if told := o.told(); !strings.Contains(told, "failed ") {
		t.Errorf("that it was given up is not told: %q", told)
	}
	o.when(t, waits, "tried more than once", func(r row) bool { return r.Attempt > 1 })
	stop()

	o.config.Render = render
	o.work(t)
	o.server.Wait(t, "poison-later@acme.example")
	o.until(t, waits, "completed")
}

func (o *office) sweep(t *testing.T) error {
	t.Helper()
	w, err := mail.NewWorker(o.config)
	if err != nil {
		return err
	}
	return w.Sweep(t.Context())
}
