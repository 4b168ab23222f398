package mail

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	acmeID  = "0190a1b2-0000-7000-8000-000000000001"
	otherID = "0190a1b2-0000-7000-8000-000000000002"
	invID   = "0190a1b2-0000-7000-8000-000000000003"
	token   = "inv-secret-token-43-characters-long-0123456"
)

var expires = time.Date(2099, time.March, 23, 16, 30, 0, 0, time.UTC)

func testSealer(t testing.TB) *Sealer {
	t.Helper()
	s, err := NewSealer(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func testOutbox(t testing.TB) *Outbox {
	t.Helper()
	o, err := NewOutbox(testSealer(t), "https://roster.example:8443/x")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func testInvitation() Invitation {
	return Invitation{
		To: "Mara@acme.example", Organization: Organization{acmeID, "Acme Robotics", "acme"}, Inviter: Person{"Ann", "ann@acme.example"},
		ID: invID, Role: "Member", Explanation: "you can see the other members", Message: "Hi Mara", Expires: expires, Token: token,
	}
}

// oneOfEach is a letter of every kind.
func oneOfEach() []Letter {
	org := Organization{acmeID, "Acme Robotics", "acme"}
	at := time.Date(2026, time.March, 17, 9, 41, 0, 0, time.UTC)
	to := "mara@acme.example"
	ann := Person{"Ann", "ann@acme.example"}
	return []Letter{
		testInvitation(),
		AddressCode{To: to, Organization: org, ID: invID, Expires: expires, Code: token},
		RoleChanged{To: to, Organization: org, From: "Member", Role: "Admin", By: ann, At: at, News: []string{"invite people"}, Explanation: "you can invite"},
		Removed{To: to, Organization: org, By: ann, At: at, Ask: ann, Note: "Bye"},
		InvitationAccepted{To: to, Organization: org, Who: ann, Invited: "a@acme.example", Role: "Member", Member: "mem_1", At: at},
		InvitationDeclined{To: to, Organization: org, Email: "ben@acme.example", Role: "Member", At: at, Blocked: true},
		InvitationAskedAgain{To: to, Organization: org, Email: "ben@acme.example", Role: "Member", Other: "b@acme.example", Invitation: "inv_1", Expired: at, At: at},
		InvitationReminder{To: to, Organization: org, Inviter: ann, ID: invID, Role: "Member", Explanation: "you can see the other members", Expires: expires, Sending: 2, Token: token},
		InvitationExpired{To: to, Organization: org, Invitations: []ExpiredInvitation{{Email: "ben@acme.example", Role: "Member", Invitation: "inv_1"}}, More: 3},
		InvitationBounced{To: to, Organization: org, Email: "ben@acme.example", Role: "Member", Why: "the mailbox does not exist", Invitation: "inv_1", At: at},
		JobEnded{To: to, Organization: org, Job: "job_1", Title: "Undo 2 changes", Text: "2 undone", At: at},
		RequestMade{To: to, Organization: org, Who: ann, Invite: "ben@acme.example", Request: "req_1", At: at, Until: expires},
		RequestAccepted{To: to, Organization: org, Role: "Member", Explanation: "you can see", At: at},
		RequestDeclined{To: to, Organization: org, Invite: "ben@acme.example", Reason: "No", At: at},
		ConfirmAddress{To: to, Name: "Mara", ID: invID, Asked: "Firefox", Expires: expires, Token: token},
		AlreadyRegistered{To: to, Name: "Mara", Asked: "Firefox", At: at},
		ResetPassword{To: to, Name: "Mara", ID: invID, Asked: "Firefox", Expires: expires, Token: token},
		PasswordChanged{To: to, Name: "Mara", Asked: "Firefox", At: at},
	}
}

func TestEveryLetterSurvivesItsJob(t *testing.T) {
	kinds := map[Kind]bool{}
	for _, l := range oneOfEach() {
		kinds[l.Kind()] = true
		job, err := testOutbox(t).Job(l)
		if err != nil {
			t.Errorf("job of %s: %v", l.Kind(), err)
			continue
		}
		var args Args
		if err := json.Unmarshal(job.Args, &args); err != nil {
			t.Fatal(err)
		}
		if job.Kind != "letter" || job.MaxAttempts != maxAttempts || args.Letter != l.Kind() {
			t.Errorf("job of %s is %s %s, %d attempts", l.Kind(), job.Kind, args.Letter, job.MaxAttempts)
		}
		got, err := args.open(testSealer(t))
		if err != nil || !reflect.DeepEqual(got, l) {
			t.Errorf("%s comes back as %#v, %v", l.Kind(), got, err)
		}
	}
	if len(kinds) != len(readers) {
		t.Errorf("%d kinds of letters are tried, %d are known: %v", len(kinds), len(readers), slices.Sorted(maps.Keys(readers)))
	}
}

// Row security reads the organization out of the job, and whether it has one.
func TestJobNamesItsOrganization(t *testing.T) {
	for _, l := range oneOfEach() {
		job, err := testOutbox(t).Job(l)
		if err != nil {
			t.Fatal(err)
		}
		var args map[string]any
		if err := json.Unmarshal(job.Args, &args); err != nil {
			t.Fatal(err)
		}
		_, account := map[Kind]bool{KindAddressCode: true, KindConfirmAddress: true, KindAlreadyRegistered: true, KindResetPassword: true, KindPasswordChanged: true}[l.Kind()]
		if org, there := args["org_id"]; there == account || there && org != acmeID {
			t.Errorf("%s: org_id is %v", l.Kind(), org)
		}
	}
}

// I25 I64: no copy of the job table holds what opens a link.
func TestNoTokenStandsInAJob(t *testing.T) {
	for _, l := range oneOfEach() {
		job, err := testOutbox(t).Job(l)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(job.Args, []byte("secret-token")) || bytes.Contains(job.Args, []byte("[secret]")) {
			t.Errorf("%s: %s", l.Kind(), job.Args)
		}
	}
}

// I64: a letter that is logged or printed by mistake keeps its secret.
func TestSecretsDoNotPrint(t *testing.T) {
	l := testInvitation()
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("letter", "letter", l, "token", l.Token)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("letter", "letter", l, "token", l.Token)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&log, verb+" "+verb+"\n", l.Token, struct{ T Secret }{l.Token})
	}
	if strings.Contains(log.String(), "secret-token") || strings.Contains(log.String(), fmt.Sprintf("%x", token)) {
		t.Errorf("printed:\n%s", log.String())
	}
	if data, err := json.Marshal(l.Token); err == nil {
		t.Errorf("a secret becomes JSON: %s", data)
	}
}

func TestLettersThatCannotBeSentBecomeNoJobs(t *testing.T) {
	change := func(f func(*Invitation)) Letter {
		l := testInvitation()
		f(&l)
		return l
	}
	for name, l := range map[string]Letter{
		"no recipient":         change(func(l *Invitation) { l.To = "" }),
		"two recipients":       change(func(l *Invitation) { l.To = "a@x.example, b@x.example" }),
		"recipient with name":  change(func(l *Invitation) { l.To = "A <a@x.example>" }),
		"header in recipient":  change(func(l *Invitation) { l.To = "a@x.example\r\nBcc: b@x.example" }),
		"no organization":      change(func(l *Invitation) { l.Organization.ID = "" }),
		"public organization":  change(func(l *Invitation) { l.Organization.ID = "org_01jexample" }),
		"loud organization":    change(func(l *Invitation) { l.Organization.ID = strings.ToUpper("0190a1b2-0000-7000-8000-00000000000a") }),
		"no token":             change(func(l *Invitation) { l.Token = "" }),
		"token for nothing":    change(func(l *Invitation) { l.ID = "" }),
		"token for ever":       change(func(l *Invitation) { l.Expires = time.Time{} }),
		"reset without token":  ResetPassword{To: "a@x.example", ID: invID, Expires: expires},
		"notice to nobody":     PasswordChanged{},
		"removed from nowhere": Removed{To: "a@x.example"},
	} {
		if job, err := testOutbox(t).Job(l); err == nil {
			t.Errorf("%s: %s", name, job.Args)
		}
	}
}

// What nobody may put into a letter does not even wait in a job; and no null byte comes near the jsonb column.
func TestJobsHoldCleanLetters(t *testing.T) {
	l := testInvitation()
	l.Organization.Name, l.Inviter.Name, l.Message = "Win at https://evil.example\x00", "\u202eA\r\nB", "see www.evil.example\x00"
	job, err := testOutbox(t).Job(l)
	if err != nil {
		t.Fatal(err)
	}
	for _, trap := range []string{"https://evil", "www.evil", `\u0000`, `\r`, `\u202e`, "\u202e"} {
		if strings.Contains(string(job.Args), trap) {
			t.Errorf("job holds %q: %s", trap, job.Args)
		}
	}
}

func TestMessageIDIsMadeOncePerLetter(t *testing.T) {
	seen := map[string]bool{}
	for range 3 {
		job, err := testOutbox(t).Job(testInvitation())
		if err != nil {
			t.Fatal(err)
		}
		var args Args
		if err := json.Unmarshal(job.Args, &args); err != nil {
			t.Fatal(err)
		}
		if seen[args.MessageID] || !regexp.MustCompile(`^[a-z2-7]{26}@roster\.example$`).MatchString(args.MessageID) {
			t.Errorf("Message-ID %q", args.MessageID)
		}
		seen[args.MessageID] = true
	}
	for _, base := range []string{"", "roster.example", "https://"} {
		if _, err := NewOutbox(testSealer(t), base); err == nil {
			t.Errorf("outbox for %q", base)
		}
	}
}

// A sealed token that is moved stays closed.
func TestSealOpensUnderItsBindingOnly(t *testing.T) {
	s := testSealer(t)
	b := Binding{"letter invitation", acmeID, invID}
	sealed := s.Seal(b, token)
	if got, err := s.Open(b, sealed); err != nil || string(got) != token {
		t.Fatalf("opens as %q, %v", string(got), err)
	}
	if s.Seal(b, token) == sealed {
		t.Error("sealing twice gives the same text")
	}

	other, err := NewSealer(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Open(b, sealed); err == nil {
		t.Error("opens under another key")
	}
	for _, wrong := range []Binding{
		{"letter reset_password", acmeID, invID}, {"letter invitation", otherID, invID}, {"letter invitation", acmeID, otherID},
		{"letter invitation", "", acmeID + invID}, {"letter invitation" + acmeID, "", invID}, {},
	} {
		if got, err := s.Open(wrong, sealed); err == nil {
			t.Errorf("opens as %q under %+v", string(got), wrong)
		}
	}
	for _, broken := range []string{"", "x", "AQ", sealed[:len(sealed)-2], "A" + sealed, strings.ToLower(sealed), "_" + sealed[1:]} {
		if got, err := s.Open(b, broken); err == nil {
			t.Errorf("%q opens as %q", broken, string(got))
		}
	}
	for _, n := range []int{0, 16, 31, 33} {
		if _, err := NewSealer(make([]byte, n)); err == nil {
			t.Errorf("a key of %d bytes is taken", n)
		}
	}
}

func TestJobOfAnotherLetterDoesNotOpen(t *testing.T) {
	good, err := testOutbox(t).args(testInvitation())
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Args){
		"another organization": func(a *Args) { a.OrgID = otherID },
		"another invitation":   func(a *Args) { a.Subject = otherID },
		"another kind":         func(a *Args) { a.Letter = KindAddressCode },
		"no kind":              func(a *Args) { a.Letter = "" },
		"another data":         func(a *Args) { a.Data = []byte(`{"ID":"` + otherID + `"}`) },
		"no data":              func(a *Args) { a.Data = nil },
		"damaged seal":         func(a *Args) { a.Sealed = a.Sealed[2:] },
	} {
		bad := good
		change(&bad)
		if l, err := bad.open(testSealer(t)); err == nil {
			t.Errorf("%s: opens as %+v", name, l)
		}
	}
}
