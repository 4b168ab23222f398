package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"html"
	"strings"
	"time"

	"roster/db"
	"roster/internal/config"
	"roster/internal/mail"
	"roster/internal/privatepg"
)

// mailTest sends a letter through the mail server, tells the conversation, and says what it means and what to do.
func mailTest(ctx context.Context, c call) error {
	to, err := mail.Parse(c.args[0])
	if err != nil {
		return config.Complaints{err.Error()}
	}
	conf, err := config.Read(c.environ)
	if err != nil {
		return err
	}
	if conf.SMTP == nil {
		return config.Complaints{"ROSTER_SMTP_URL: set it to your mail server, like smtp://name:password@mail.example.com:587, and ROSTER_MAIL_FROM to the address that letters come from"}
	}
	letter, err := mail.Compose(conf.From, to, strings.ToLower(rand.Text())+"@"+mailDomain(conf.From), time.Now(), testLetter(conf.URL.String()))
	if err != nil {
		return err
	}
	err = conf.SMTP.Recite(ctx, letter, func(line string) { fmt.Fprintln(c.out, line) })
	var f *mail.Failure
	if err != nil && !errors.As(err, &f) {
		return err
	}
	tellNodes(ctx, conf, f)
	if f != nil {
		return config.Complaints{fmt.Sprintf("The letter was not taken: %v. %s", f, f.Advice())}
	}
	fmt.Fprintf(c.out, "\nThe mail server has taken the letter. If it does not arrive at %s, look into the spam folder there, and into the log of the mail server.\n", to.Typed)
	return nil
}

func testLetter(base string) mail.Rendered {
	const what = "This letter was sent by “roster mail test”. It shows that letters leave this installation:"
	return mail.Rendered{
		Subject: "Test letter from Roster",
		Text:    what + "\n\n" + base + "\n",
		HTML: `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Test letter from Roster</title></head><body><p>` + what +
			`</p><p><a href="` + html.EscapeString(base) + `">` + html.EscapeString(base) + `</a></p></body></html>`,
	}
}

// mailDomain is the domain of a sender that was checked before.
func mailDomain(from string) string {
	_, domain, _ := strings.Cut(from, "@")
	return strings.Trim(domain, "> ")
}

// tellNodes lets the nodes of this installation know how the mail server is: if it takes letters again, those that wait
// leave. Where no database runs there is nobody to tell.
func tellNodes(ctx context.Context, conf config.Config, f *mail.Failure) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	urls := db.Config{App: conf.AppURL, Auth: conf.AuthURL, Worker: conf.WorkerURL, Roles: conf.Roles}
	if urls.App == "" {
		server, err := privatepg.Borrow(ctx, privatepg.Options{Dir: conf.Data})
		if err != nil {
			return
		}
		urls.App, urls.Auth, urls.Worker = addresses(server, conf.Roles)
	}
	var err error
	if urls.ContextKey, err = contextKey(conf); err != nil {
		return
	}
	d, err := db.Open(ctx, urls)
	if err != nil {
		return
	}
	defer d.Close()
	_ = mail.NewWatch(d.Jobs(), nil).Note(ctx, f) // the letter was the test; what the nodes know they find out themselves
}
