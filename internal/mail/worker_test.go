package mail_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"

	"roster/db/dbtest"
	"roster/internal/mail"
	"roster/internal/mail/mailtest"
	"roster/internal/suite"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

const (
	acme       = "0190a1b2-0000-7000-8000-000000000001"
	invitation = "0190a1b2-0000-7000-8000-000000000003"
	secret     = "inv-secret-token"
)

// office is a database, a mail server, and a worker between them.
type office struct {
	server   *mailtest.Server
	database *dbtest.Database
	look     *pgx.Conn
	pool     *pgxpool.Pool
	outbox   *mail.Outbox
	config   mail.WorkerConfig
	log      *journal

	mu        sync.Mutex
	delivered []mail.Delivery
	asked     []mail.Envelope
}

// open makes an office in which everything is allowed, and retries come at once.
func open(t *testing.T) *office {
	t.Helper()
	o := &office{server: mailtest.Start(t), database: dbtest.New(t), log: new(journal)}
	o.look = o.database.Superuser(t)
	sealer, err := mail.NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if o.outbox, err = mail.NewOutbox(sealer, "https://roster.example"); err != nil {
		t.Fatal(err)
	}
	if o.pool, err = pgxpool.New(t.Context(), o.database.URL("roster_worker")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(o.pool.Close)
	smtp, err := mail.NewSMTP(o.server.URL())
	if err != nil {
		t.Fatal(err)
	}

	o.config = mail.WorkerConfig{
		DB: o.pool, Sealer: sealer, From: "Roster <no-reply@roster.example>", Base: "https://roster.example", Transport: smtp,
		Render: func(l mail.Letter, base string) (mail.Rendered, error) {
			switch l := l.(type) {
			case mail.Invitation:
				link := base + "/invitations/" + string(l.Token)
				return mail.Rendered{Subject: "Invitation", Text: link, HTML: `<a href="` + link + `">see</a>`}, nil
			default:
				return mail.Rendered{Subject: string(l.Kind()), Text: "text", HTML: "html"}, nil
			}
		},
		Allow: func(_ context.Context, _ pgx.Tx, e mail.Envelope) (time.Duration, error) {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.asked = append(o.asked, e)
			return 0, nil
		},
		Outcome: func(_ context.Context, _ pgx.Tx, d mail.Delivery) error {
			o.mu.Lock()
			defer o.mu.Unlock()
			o.delivered = append(o.delivered, d)
			return nil
		},
		Retry: func(int) time.Duration { return 10 * time.Millisecond },
	}
	return o
}

// clock is a time as it is told.
var clock = regexp.MustCompile(`\d+ \w{3} \d{4}, \d{2}:\d{2} UTC`)

// work starts a worker, as a process would, until the test ends or it is stopped.
func (o *office) work(t *testing.T) (stop func()) {
	t.Helper()
	w, err := mail.NewWorker(o.config)
	if err != nil {
		t.Fatal(err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, w)
	client, err := river.NewClient(riverpgxv5.New(o.pool), &river.Config{
		ID: o.config.Nodes.Name(), Schema: "river", Workers: workers, Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 4}},
		JobTimeout: mail.Timeout, RescueStuckJobsAfter: 2 * mail.Timeout, ReindexerSchedule: river.NeverSchedule(),
		FetchCooldown: 20 * time.Millisecond, FetchPollInterval: 50 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := client.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	stop = func() {
		once.Do(func() {
			ctx, cancel := context.WithTimeout(context.Background(), suite.Patience(t))
			defer cancel()
			if err := client.StopAndCancel(ctx); err != nil {
				t.Errorf("stop worker: %v", err)
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// journal is a log that can be read while it is written.
type journal struct {
	mu    sync.Mutex
	words bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.words.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.words.String()
}

func invite(to string) mail.Invitation {
	return mail.Invitation{
		To: to, Organization: mail.Organization{ID: acme, Name: "Acme Robotics", Slug: "acme"}, Inviter: mail.Person{Name: "Ann", Email: "ann@acme.example"},
		ID: invitation, Role: "Member", Expires: time.Now().Add(time.Hour), Token: secret,
	}
}

// post queues a letter as the program does: as the role that causes it, in its transaction, by plain SQL.
func (o *office) post(t *testing.T, l mail.Letter, change ...func(*mail.Job)) (id int64) {
	t.Helper()
	job, err := o.outbox.Job(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range change {
		f(&job)
	}
	var args mail.Args
	if err := json.Unmarshal(job.Args, &args); err != nil {
		t.Fatal(err)
	}
	role := "roster_auth"
	if args.OrgID != "" {
		role = "roster_app"
	}
	ctx := t.Context()
	err = pgx.BeginFunc(ctx, o.database.As(t, role), func(tx pgx.Tx) error {
		if args.OrgID != "" {
			if _, err := tx.Exec(ctx, `SELECT set_config('roster.org_id', $1, true)`, o.database.Enter(uuid.MustParse(args.OrgID))); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, `INSERT INTO river.river_job (kind, args, max_attempts) VALUES ($1, $2, $3)`, job.Kind, job.Args, job.MaxAttempts); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `SELECT pg_notify($1, $2)`, mail.NotifyChannel, mail.NotifyPayload)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := o.look.QueryRow(ctx, `SELECT id FROM river.river_job WHERE args->>'message_id' = $1`, args.MessageID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	return id
}

type row struct {
	State   string
	Attempt int
	Sealed  bool
	Args    string
	Errors  string
}

func (o *office) row(t *testing.T, id int64) row {
	t.Helper()
	var r row
	err := o.look.QueryRow(t.Context(), `SELECT state::text, attempt, args ? 'sealed', args::text, COALESCE(errors::text, '') FROM river.river_job WHERE id = $1`, id).
		Scan(&r.State, &r.Attempt, &r.Sealed, &r.Args, &r.Errors)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// until polls until the job is in a state.
func (o *office) until(t *testing.T, id int64, state string) row {
	t.Helper()
	return o.when(t, id, state, func(r row) bool { return r.State == state })
}

func (o *office) when(t *testing.T, id int64, what string, is func(row) bool) row {
	t.Helper()
	var r row
	suite.Try(t, "the job is "+what, func() string {
		if r = o.row(t, id); is(r) {
			return ""
		}
		return fmt.Sprintf("%+v", r)
	})
	return r
}

// waited is how often it was reported that a letter will be tried again.
func (o *office) waited() (n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, d := range o.delivered {
		if d.State == mail.Waiting && d.Detail != "" {
			n++
		}
	}
	return n
}

// told is what was reported at last, without what differs from run to run.
func (o *office) told() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []string
	for _, d := range o.delivered {
		if d.State == mail.Waiting {
			continue
		}
		if d.Org != acme || d.Invitation != invitation || d.JobID == 0 || d.MessageID == "" {
			all = append(all, fmt.Sprintf("INCOMPLETE %+v", d))
			continue
		}
		all = append(all, strings.TrimSpace(string(d.State)+" "+d.Detail))
	}
	return strings.Join(all, "; ")
}

func (o *office) askedAgain() (again []bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.asked {
		again = append(again, e.Again)
	}
	return again
}

func TestLetterIsSentFromTheTransactionThatCausedIt(t *testing.T) {
	o := open(t)
	o.work(t)
	id := o.post(t, invite("Mara@Acme.example"))

	m := o.server.Wait(t, "mara@acme.example")
	if m.Link("/invitations/") != "https://roster.example/invitations/"+secret {
		t.Errorf("links are %q", m.Links)
	}
	r := o.until(t, id, "completed")
	if r.Sealed || strings.Contains(r.Args, secret) || r.Attempt != 1 {
		t.Errorf("job ends as %+v", r)
	}
	if got := o.told(); got != "sent" {
		t.Errorf("told %q", got)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	want := mail.Envelope{Kind: mail.KindInvitation, To: "mara@acme.example", Org: acme, Subject: invitation, MessageID: strings.Trim(m.Header.Get("Message-Id"), "<>")}
	if len(o.asked) != 1 || o.asked[0] != want {
		t.Errorf("asked about %+v, want %+v", o.asked, want)
	}
}

func TestAccountLettersBelongToNoOrganization(t *testing.T) {
	o := open(t)
	o.work(t)
	id := o.post(t, mail.ResetPassword{To: "mara@acme.example", ID: invitation, Expires: time.Now().Add(time.Hour), Token: secret})
	o.server.Wait(t, "mara@acme.example")
	if r := o.until(t, id, "completed"); r.Sealed || strings.Contains(r.Args, "org_id") {
		t.Errorf("job ends as %+v", r)
	}
	if got := o.told(); got != "" {
		t.Errorf("told %q of a letter that is no invitation", got)
	}
}

// I117: what was rolled back sends nothing.
func TestNothingIsSentForWhatWasRolledBack(t *testing.T) {
	o := open(t)
	o.work(t)
	job, err := o.outbox.Job(mail.PasswordChanged{To: "mara@acme.example", At: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := o.database.As(t, "roster_auth").Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), `INSERT INTO river.river_job (kind, args, max_attempts) VALUES ($1, $2, $3)`, job.Kind, job.Args, job.MaxAttempts); err != nil {
		t.Fatal(err)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}

	o.post(t, mail.PasswordChanged{To: "ben@acme.example", At: time.Now()})
	o.server.Wait(t, "ben@acme.example")
	if got := len(o.server.All()); got != 1 {
		t.Errorf("%d letters left", got)
	}
}

// R5: a server that cannot now is asked again, with the same letter.
func TestLetterIsTriedAgainAndStaysTheSame(t *testing.T) {
	o := open(t)
	o.server.Set(mailtest.LoseAnswer)
	o.work(t)
	id := o.post(t, invite("mara@acme.example"))
	first := o.server.Wait(t, "mara@acme.example")
	o.server.Set(mailtest.Normal)
	second := o.server.Wait(t, "mara@acme.example")

	if a, b := first.Header.Get("Message-Id"), second.Header.Get("Message-Id"); a == "" || a != b {
		t.Errorf("Message-IDs are %q and %q", a, b)
	}
	if a, b := first.Link("/invitations/"), second.Link("/invitations/"); a == "" || a != b {
		t.Errorf("links are %q and %q", a, b)
	}
	if r := o.until(t, id, "completed"); r.Sealed || r.Attempt < 2 {
		t.Errorf("job ends as %+v", r)
	}
	if got := o.told(); got != "sent" {
		t.Errorf("told %q", got)
	}
	again := o.askedAgain()
	if len(again) < 2 || again[0] || !again[len(again)-1] {
		t.Errorf("throttle was asked with Again %v", again)
	}
}

func TestBusyServerIsAskedAgain(t *testing.T) {
	for name, mode := range map[string]mailtest.Mode{"421": mailtest.Busy, "451": mailtest.Greylist, "drop": mailtest.Drop} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			o.server.Set(mode)
			o.work(t)
			id := o.post(t, invite("mara@acme.example"))
			waiting := o.when(t, id, "tried twice", func(r row) bool { return r.Attempt >= 2 })
			if !waiting.Sealed || o.told() != "" || o.waited() == 0 {
				t.Errorf("while it is tried: %+v, told %q", waiting, o.told())
			}
			o.server.Set(mailtest.Normal)
			o.server.Wait(t, "mara@acme.example")
			if r := o.until(t, id, "completed"); r.Sealed || o.told() != "sent" {
				t.Errorf("ends as %+v, told %q", r, o.told())
			}
		})
	}
}

// R5: a refusal for good is one attempt, and it shows.
func TestRefusedLetterIsGivenUpAtOnce(t *testing.T) {
	for name, test := range map[string]struct {
		mode mailtest.Mode
		want string
	}{
		"no mailbox": {mailtest.NoMailbox, "failed the mailbox does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			o.server.Set(test.mode)
			o.work(t)
			id := o.post(t, invite("mara@acme.example"))
			if r := o.until(t, id, "cancelled"); r.Sealed || r.Attempt != 1 {
				t.Errorf("ends as %+v", r)
			}
			if got := o.told(); got != test.want {
				t.Errorf("told %q, want %q", got, test.want)
			}
			if got := o.server.Attempts(); got != 1 {
				t.Errorf("asked %d times", got)
			}
		})
	}
}

func TestLetterDiesAfterItsLastAttempt(t *testing.T) {
	o := open(t)
	o.server.Set(mailtest.Busy)
	o.work(t)
	id := o.post(t, invite("mara@acme.example"), func(j *mail.Job) { j.MaxAttempts = 3 })
	if r := o.until(t, id, "discarded"); r.Sealed || r.Attempt != 3 {
		t.Errorf("ends as %+v", r)
	}
	if got := o.told(); got != "failed the mail server cannot take letters at the moment" {
		t.Errorf("told %q", got)
	}
}

// C060: what is above the limit waits, says so, and leaves when it may.
func TestLetterWaitsForItsTurn(t *testing.T) {
	o := open(t)
	var asked []bool
	o.config.Allow = func(_ context.Context, _ pgx.Tx, e mail.Envelope) (time.Duration, error) {
		asked = append(asked, e.Again)
		if len(asked) < 3 {
			return 50 * time.Millisecond, nil
		}
		return 0, nil
	}
	o.work(t)
	id := o.post(t, invite("mara@acme.example"), func(j *mail.Job) { j.MaxAttempts = 1 })
	o.server.Wait(t, "mara@acme.example")
	if r := o.until(t, id, "completed"); r.Sealed || r.Attempt != 1 {
		t.Errorf("ends as %+v", r)
	}
	if got := clock.ReplaceAllString(o.told(), "then"); got != "held many letters were sent, so it goes out after then; held many letters were sent, so it goes out after then; sent" {
		t.Errorf("told %q", got)
	}
	if fmt.Sprint(asked) != "[false false false]" {
		t.Errorf("waiting counts as trying: %v", asked)
	}
}

func TestLetterThatNobodyWantsIsDropped(t *testing.T) {
	o := open(t)
	o.config.Allow = func(context.Context, pgx.Tx, mail.Envelope) (time.Duration, error) {
		return 0, fmt.Errorf("invitation was revoked: %w", mail.ErrNotWanted)
	}
	o.work(t)
	id := o.post(t, invite("mara@acme.example"))
	if r := o.until(t, id, "cancelled"); r.Sealed {
		t.Errorf("ends as %+v", r)
	}
	if got := o.told(); got != "" || o.server.Attempts() > 0 {
		t.Errorf("told %q, asked %d times", got, o.server.Attempts())
	}
}

func TestLetterWithDeadLinkIsNotSent(t *testing.T) {
	o := open(t)
	o.work(t)
	l := invite("mara@acme.example")
	l.Expires = time.Now().Add(-time.Second)
	id := o.post(t, l)
	if r := o.until(t, id, "cancelled"); r.Sealed {
		t.Errorf("ends as %+v", r)
	}
	if got := o.told(); got != "failed its link ran out before it could be sent" || o.server.Attempts() > 0 {
		t.Errorf("told %q, asked %d times", got, o.server.Attempts())
	}
}

// I124: what stands in the job is not believed.
func TestAddressIsCheckedAgainWhenItIsSent(t *testing.T) {
	for name, change := range map[string]func(*mail.Job){
		"two recipients": func(j *mail.Job) {
			j.Args = bytes.ReplaceAll(j.Args, []byte("mara@acme.example"), []byte("mara@acme.example, eve@evil.example"))
		},
		"header": func(j *mail.Job) {
			j.Args = bytes.ReplaceAll(j.Args, []byte("mara@acme.example"), []byte(`mara@acme.example\r\nBcc: eve@evil.example`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			o.work(t)
			id := o.post(t, invite("mara@acme.example"), change)
			if r := o.until(t, id, "cancelled"); r.Sealed {
				t.Errorf("ends as %+v", r)
			}
			if got := o.told(); got != "failed the address is none" || o.server.Attempts() > 0 {
				t.Errorf("told %q, asked %d times", got, o.server.Attempts())
			}
		})
	}
}

// A token that was copied into another invitation's job stays closed.
func TestMovedSealIsNotOpened(t *testing.T) {
	o := open(t)
	o.work(t)
	const another = "0190a1b2-0000-7000-8000-000000000004"
	id := o.post(t, invite("mara@acme.example"), func(j *mail.Job) { j.Args = bytes.ReplaceAll(j.Args, []byte(invitation), []byte(another)) })
	if r := o.until(t, id, "cancelled"); r.Sealed {
		t.Errorf("ends as %+v", r)
	}
	if o.server.Attempts() > 0 {
		t.Error("something was sent")
	}
}

// What became of a letter is told in the transaction that ends its job: if the one fails, so does the other.
func TestReportAndEndAreOneTransaction(t *testing.T) {
	o := open(t)
	report := o.config.Outcome
	failed := false
	o.config.Outcome = func(ctx context.Context, tx pgx.Tx, d mail.Delivery) error {
		if !failed {
			failed = true
			return errors.New("database is tired")
		}
		return report(ctx, tx, d)
	}
	o.work(t)
	id := o.post(t, invite("mara@acme.example"))
	first, second := o.server.Wait(t, "mara@acme.example"), o.server.Wait(t, "mara@acme.example")
	if first.Header.Get("Message-Id") != second.Header.Get("Message-Id") || first.Link("/inv") != second.Link("/inv") {
		t.Error("the second letter is another one")
	}
	if r := o.until(t, id, "completed"); r.Sealed || o.told() != "sent" {
		t.Errorf("ends as %+v, told %q", r, o.told())
	}
}

func TestLetterThatCannotBeWrittenIsGivenUpInTheEnd(t *testing.T) {
	o := open(t)
	o.config.Render = func(mail.Letter, string) (mail.Rendered, error) { return mail.Rendered{}, errors.New("no words") }
	o.work(t)
	id := o.post(t, invite("mara@acme.example"), func(j *mail.Job) { j.MaxAttempts = 2 })
	if r := o.until(t, id, "discarded"); r.Sealed {
		t.Errorf("ends as %+v", r)
	}
	if got := o.told(); got != "failed it could not be written" {
		t.Errorf("told %q", got)
	}
}

// R4: who is stopped while sending hands the letter over.
func TestLetterOutlivesTheProcessThatSendsIt(t *testing.T) {
	o := open(t)
	o.server.Set(mailtest.Hang)
	stop := o.work(t)
	id := o.post(t, invite("mara@acme.example"))
	o.when(t, id, "at work", func(r row) bool { return r.State == "running" && o.server.Attempts() > 0 })
	stop()
	if r := o.row(t, id); r.State == "running" || !r.Sealed || o.told() != "" {
		t.Errorf("after the stop: %+v, told %q", r, o.told())
	}

	o.server.Set(mailtest.Normal)
	o.work(t)
	m := o.server.Wait(t, "mara@acme.example")
	if m.Link("/invitations/") != "https://roster.example/invitations/"+secret {
		t.Errorf("links are %q", m.Links)
	}
	o.until(t, id, "completed")
}

// A process that is killed at every attempt says nothing; the sweep does.
func TestSweepBuriesLettersThatDiedInSilence(t *testing.T) {
	o := open(t)
	dead := o.post(t, invite("mara@acme.example"))
	waiting := o.post(t, invite("ben@acme.example"))
	account := o.post(t, mail.ResetPassword{To: "cem@acme.example", ID: invitation, Expires: time.Now().Add(time.Hour), Token: secret})
	if _, err := o.look.Exec(t.Context(), `UPDATE river.river_job SET state = 'discarded', finalized_at = now() WHERE id = ANY ($1)`, []int64{dead, account}); err != nil {
		t.Fatal(err)
	}
	w, err := mail.NewWorker(o.config)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := w.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for id, sealed := range map[int64]bool{dead: false, waiting: true, account: false} {
		if r := o.row(t, id); r.Sealed != sealed {
			t.Errorf("job %d is %+v", id, r)
		}
	}
	if got := o.told(); got != "failed the mail server could not be reached" {
		t.Errorf("told %q", got)
	}
}

// I64: neither log nor job errors tell whom a letter went to, or what opens its link.
func TestNothingIsLoggedOfALetter(t *testing.T) {
	o := open(t)
	o.config.Log = slog.New(slog.NewTextHandler(o.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	stop := o.work(t)
	o.server.Set(mailtest.NoMailbox)
	refused := o.post(t, invite("mara@acme.example"))
	o.until(t, refused, "cancelled")
	o.server.Set(mailtest.Busy)
	busy := o.post(t, invite("mara@acme.example"))
	o.when(t, busy, "tried", func(r row) bool { return r.Attempt >= 2 })
	o.server.Set(mailtest.Normal)
	o.until(t, busy, "completed")
	stop()

	said := o.log.String() + o.row(t, refused).Errors + o.row(t, busy).Errors
	for _, want := range []string{"letter sent", "550 5.1.1", "level=WARN msg=\"letter given up\" letter=invitation job=", "attempt=1 stage=RCPT about=recipient code=550 enhanced=5.1.1",
		"level=WARN msg=\"letter not sent, and kept\" letter=invitation job=", "attempt=1 stage=MAIL about=server code=421 enhanced=4.3.2 again_in="} { // B209
		if !strings.Contains(said, want) {
			t.Errorf("the log lacks %q:\n%s", want, said)
		}
	}
	if got, want := strings.Count(said, "letter not sent"), o.row(t, busy).Attempt-1; got != want { // one line each
		t.Errorf("%d lines for %d attempts", got, want)
	}
	for _, private := range []string{"mara", "acme.example", secret} {
		if strings.Contains(said, private) {
			t.Errorf("tells %q:\n%s", private, said)
		}
	}
}

func TestWorkerNeedsItsParts(t *testing.T) {
	sealer, err := mail.NewSealer(make([]byte, 32))
	if err != nil {
		t.Fatal(err)
	}
	whole := mail.WorkerConfig{
		DB: new(pgxpool.Pool), Sealer: sealer, From: "no-reply@roster.example", Base: "https://roster.example", Transport: new(mail.Mailbox),
		Render: func(mail.Letter, string) (mail.Rendered, error) { return mail.Rendered{}, nil },
	}
	if _, err := mail.NewWorker(whole); err != nil {
		t.Error(err)
	}
	for name, remove := range map[string]func(*mail.WorkerConfig){
		"database":  func(c *mail.WorkerConfig) { c.DB = nil },
		"sealer":    func(c *mail.WorkerConfig) { c.Sealer = nil },
		"sender":    func(c *mail.WorkerConfig) { c.From = "Roster" },
		"base":      func(c *mail.WorkerConfig) { c.Base = "" },
		"transport": func(c *mail.WorkerConfig) { c.Transport = nil },
		"render":    func(c *mail.WorkerConfig) { c.Render = nil },
	} {
		part := whole
		remove(&part)
		if _, err := mail.NewWorker(part); err == nil {
			t.Errorf("works without %s", name)
		}
	}
}

// The attempts are enough for as long as a letter is kept, and no wait is shorter than the one before.
func TestAttemptsReachOverFiveDays(t *testing.T) {
	var whole, last time.Duration
	for attempt := 1; attempt < mail.MaxAttempts; attempt++ {
		wait := mail.RetryAfter(attempt)
		if wait < last {
			t.Errorf("wait after attempt %d is %v, before it was %v", attempt, wait, last)
		}
		whole, last = whole+wait, wait
	}
	if whole < mail.KeepTime || last > 6*time.Hour {
		t.Errorf("attempts reach over %v, the last wait is %v", whole, last)
	}
	if mail.RetryAfter(0) != mail.RetryAfter(1) || mail.RetryAfter(99) != last {
		t.Error("attempts out of range wait otherwise")
	}
}

// script puts a scripted mail server in the place of the office's own.
func (o *office) script(t *testing.T, answers map[string]string) *mailtest.Script {
	t.Helper()
	server := mailtest.StartScript(t, nil, answers)
	smtp, err := mail.NewSMTP(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	o.config.Transport = smtp
	return server
}

// known is what stands in the database about the mail server.
func (o *office) known(t *testing.T) (trouble string) {
	t.Helper()
	if err := o.look.QueryRow(t.Context(), `SELECT trouble FROM platform.mail_server`).Scan(&trouble); err != nil {
		t.Fatal(err)
	}
	return trouble
}

// B206 B207 X67: what is not the recipient's fault keeps the letter, says whose trouble it is, and once that is mended
// every letter leaves.
func TestOperatorsTroubleKeepsTheLetter(t *testing.T) {
	for name, c := range map[string]struct {
		answers map[string]string
		about   string
	}{
		"bare name":       {map[string]string{"RCPT": "504 5.5.2 <vm>: Helo command rejected: need fully-qualified hostname"}, "does not let this installation in"},
		"sender":          {map[string]string{"RCPT": "553 5.7.1 <no-reply@roster.example>: Sender address rejected: not owned by user x"}, "address that letters come from"},
		"relay":           {map[string]string{"RCPT": "554 5.7.1 <mara@acme.example>: Relay access denied"}, "does not let this installation in"},
		"DMARC":           {map[string]string{"letter": "550 5.7.26 unauthenticated"}, "address that letters come from"},
		"spam":            {map[string]string{"letter": "554 5.7.1 spam"}, "by a rule of its own"},
		"greylist":        {map[string]string{"RCPT": "451 4.7.1 greylisted"}, "asks to try again later"},
		"hangs up":        {map[string]string{"DATA": mailtest.Cuts}, "broke off"},
		"not letting in":  {map[string]string{"greeting": "554 5.7.1 not you"}, "does not let this installation in"},
		"nothing of SMTP": {map[string]string{"greeting": "SSH-2.0-OpenSSH"}, "broke off"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := open(t)
			server := o.script(t, c.answers)
			o.work(t)
			id := o.post(t, invite("mara@acme.example"))
			o.when(t, id, "tried twice", func(r row) bool { return r.Attempt >= 2 })
			o.mu.Lock()
			detail := o.delivered[0].Detail
			o.mu.Unlock()
			if !strings.Contains(detail, c.about) || strings.Contains(detail, "mara") || strings.Contains(detail, "vm") {
				t.Errorf("told %q", detail)
			}
			if known := o.known(t); (known == "") != (name == "greylist") || strings.Contains(known, "mara") || strings.Contains(known, "127.0.0.1") {
				t.Errorf("known is %q", known)
			}
			server.Set(nil)
			if r := o.until(t, id, "completed"); r.Sealed || o.told() != "sent" || o.known(t) != "" {
				t.Errorf("ends as %+v, told %q, known %q", r, o.told(), o.known(t))
			}
		})
	}
}

// B209: a letter that cannot be sent is given up after five days, and it says why.
func TestLetterIsKeptForFiveDays(t *testing.T) {
	o := open(t)
	o.script(t, map[string]string{"RCPT": "554 5.7.1 <mara@acme.example>: Relay access denied"})
	o.config.Retry = func(int) time.Duration { return 50 * time.Millisecond }
	o.work(t)
	id := o.post(t, invite("mara@acme.example"))
	o.when(t, id, "tried", func(r row) bool { return r.Attempt >= 2 })
	if _, err := o.look.Exec(t.Context(), `UPDATE river.river_job SET created_at = now() - interval '121 hours'`); err != nil {
		t.Fatal(err)
	}
	if r := o.until(t, id, "cancelled"); r.Sealed {
		t.Errorf("ends as %+v", r)
	}
	if got := o.told(); got != "failed it could not be sent for five days, because the mail server does not let this installation in; whoever runs this installation has to mend that" {
		t.Errorf("told %q", got)
	}
}

// A letter whose link runs out is given up when it does, and not at the next attempt after that; it says what was in its
// way.
func TestLetterWhoseLinkRunsOutSaysWhy(t *testing.T) {
	o := open(t)
	o.server.Set(mailtest.Busy)
	o.config.Retry = func(int) time.Duration { return time.Hour }
	o.work(t)
	l := invite("mara@acme.example")
	l.Expires = time.Now().Add(4 * time.Second)
	id := o.post(t, l)
	o.until(t, id, "cancelled")
	if got := o.told(); got != "failed its link ran out before it could be sent, because the mail server cannot take letters at the moment" && got != "failed its link ran out before it could be sent" {
		t.Errorf("told %q", got)
	}
}

// B209: what is known of the server outlives the node that found it, and is the same for all; when the server recovers,
// letters that wait for hours are woken, but those just tried.
func TestWatch(t *testing.T) {
	o := open(t)
	ctx := t.Context()
	server := mailtest.StartScript(t, nil, map[string]string{"greeting": "554 5.7.1 not you"})
	transport, err := mail.NewSMTP(server.URL())
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(o.log, nil))
	one, other := mail.NewWatch(o.pool, log), mail.NewWatch(o.pool, log)
	waits := func(attempted string) int64 {
		id := o.post(t, invite("mara@acme.example"))
		if _, err := o.look.Exec(ctx, `UPDATE river.river_job SET state = 'retryable', attempt = 30, attempted_at = now() - $2::interval, scheduled_at = now() + interval '4 hours' WHERE id = $1`, id, attempted); err != nil {
			t.Fatal(err)
		}
		return id
	}
	woken := func(id int64) (is bool) {
		if err := o.look.QueryRow(ctx, `SELECT scheduled_at <= now() FROM river.river_job WHERE id = $1`, id).Scan(&is); err != nil {
			t.Fatal(err)
		}
		return is
	}
	look := func(w *mail.Watch, past string) {
		t.Helper()
		if _, err := o.look.Exec(ctx, `UPDATE platform.mail_server SET tried_at = now() - $1::interval`, past); err != nil {
			t.Fatal(err)
		}
		if err := w.Look(ctx, transport); err != nil {
			t.Fatal(err)
		}
	}
	tries := func() (n int) {
		for _, line := range server.Said() {
			if strings.HasPrefix(line, "QUIT") {
				n++
			}
		}
		return n
	}
	long, just := waits("3 hours"), waits("30 seconds")

	if err := one.Look(ctx, transport); err != nil { // nobody ever has: at once
		t.Fatal(err)
	}
	if known := o.known(t); known != "mail server answered 554 5.7.1 to greeting, which is about the client (this installation)" {
		t.Errorf("known is %q", known)
	}
	look(other, "-1 hour") // somebody has just done so
	if tries() != 1 {
		t.Errorf("looked %d times", tries())
	}
	look(other, "1 minute")
	if tries() != 2 || strings.Count(o.log.String(), "mail server cannot be used") != 1 {
		t.Errorf("looked %d times, log:\n%s", tries(), o.log)
	}
	if woken(long) {
		t.Error("a letter is woken while nothing is mended")
	}
	server.Set(nil)
	look(one, "1 minute")
	if o.known(t) != "" || !woken(long) || woken(just) || !strings.Contains(o.log.String(), "mail server takes letters again") {
		t.Errorf("known is %q, woken %v %v, log:\n%s", o.known(t), woken(long), woken(just), o.log)
	}
	if look(one, "1 minute"); tries() != 3 {
		t.Error("a server that is well is looked at each minute")
	}

	// What a server refuses when it knows of a letter is not mended by its being there, but by a letter that it takes. A
	// node that starts tries once: perhaps somebody has mended it.
	refused := mail.Refusal(mail.StageTo, 553, "5.7.1 Sender address rejected")
	if err := other.Note(ctx, refused); err != nil {
		t.Fatal(err)
	}
	look(one, "1 hour")
	if o.known(t) == "" {
		t.Error("a look clears what a look cannot see")
	}
	if err := other.Note(ctx, mail.Refusal(mail.StageTo, 550, "5.1.1 no such mailbox")); err != nil || o.known(t) != refused.Public() {
		t.Errorf("one recipient is taken for the server: %v, %q", err, o.known(t))
	}
	again := waits("3 hours")
	if err := mail.NewWatch(o.pool, nil).Begin(ctx); err != nil || !woken(again) {
		t.Errorf("a start wakes nobody: %v", err)
	}
	if err := one.Note(ctx, nil); err != nil || o.known(t) != "" {
		t.Errorf("a letter was taken: %v, %q", err, o.known(t))
	}
}
