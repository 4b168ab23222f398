package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/net/html"
)

// metered counts what is read from a connection: every byte on the wire, headers included.
type metered struct {
	net.Conn
	read *atomic.Int64
}

func (m metered) Read(b []byte) (int, error) {
	n, err := m.Conn.Read(b)
	m.read.Add(int64(n))
	return n, err
}

// weight is what a first visit to the members page costs: the page and all that a browser loads for it.
func (b *bench) weight(ctx context.Context, p *process, session string) error {
	visitor := newBrowser(p.address)
	visitor.session, visitor.gzip = session, true
	var read atomic.Int64
	visitor.client.Transport.(*http.Transport).DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		return metered{conn, &read}, err
	}
	page, err := visitor.must(ctx, http.StatusOK, "/orgs/"+northwind+"/members", nil)
	if err != nil {
		return err
	}
	text, err := unzipped(page)
	if err != nil {
		return err
	}
	total, fonts, requests := float64(read.Load()), 0.0, 1.0
	need, err := resources(text)
	if err != nil {
		return err
	}
	parts := fmt.Sprintf("page %.1f", total/1000)
	for i := 0; i < len(need); i++ {
		before := read.Load()
		file, err := visitor.must(ctx, http.StatusOK, need[i], nil)
		if err != nil {
			return err
		}
		size := float64(read.Load() - before)
		total, requests = total+size, requests+1
		parts += fmt.Sprintf(", %s %.1f", strings.TrimPrefix(need[i], "/static/"), size/1000)
		switch {
		case strings.HasSuffix(need[i], ".woff2"):
			fonts += size
		case strings.HasSuffix(need[i], ".css"):
			sheet, err := unzipped(file)
			if err != nil {
				return err
			}
			for _, font := range fontsFor(sheet, letters(text)) {
				if !slices.Contains(need, font) {
					need = append(need, font)
				}
			}
		}
	}
	b.table.add(row{figure: "first members page on the wire, without fonts", unit: kilo, value: (total - fonts) / 1000, limit: &limit{60, 45}, note: parts})
	b.table.add(row{figure: "first members page on the wire, with fonts", unit: kilo, value: total / 1000, limit: &limit{110, 90}, note: parts})
	b.table.add(row{figure: "first members page, requests", unit: count, value: requests, limit: &limit{6, 4}, note: parts})
	return nil
}

func unzipped(a *answer) ([]byte, error) {
	switch a.header.Get("Content-Encoding") {
	case "":
		return a.body, nil
	case "gzip":
		z, err := gzip.NewReader(bytes.NewReader(a.body))
		if err != nil {
			return nil, err
		}
		return io.ReadAll(z)
	}
	return nil, errors.New("an encoding that this browser does not read: " + a.header.Get("Content-Encoding"))
}

// resources are the addresses that a browser loads for a page by itself, each once.
func resources(page []byte) ([]string, error) {
	var all []string
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			if err := tokens.Err(); !errors.Is(err, io.EOF) {
				return nil, err
			}
			return all, nil
		case html.StartTagToken, html.SelfClosingTagToken:
			token := tokens.Token()
			has := map[string]string{}
			for _, a := range token.Attr {
				has[a.Key] = a.Val
			}
			address := ""
			switch {
			case token.Data == "link" && (has["rel"] == "stylesheet" || has["rel"] == "preload" || has["rel"] == "icon" || has["rel"] == "manifest" || has["rel"] == "modulepreload"):
				address = has["href"]
			case token.Data == "script" || token.Data == "img" || token.Data == "iframe":
				address = has["src"]
			case token.Data == "use" || token.Data == "image":
				address, _, _ = strings.Cut(has["href"], "#")
			}
			if strings.HasPrefix(address, "/") && !slices.Contains(all, address) {
				all = append(all, address)
			}
		}
	}
}

// letters is the text of a page, without its markup.
func letters(page []byte) string {
	var text strings.Builder
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return text.String()
		case html.TextToken:
			text.Write(tokens.Text())
		}
	}
}

var (
	fontFace = regexp.MustCompile(`(?s)@font-face\s*\{[^}]*\}`)
	fontURL  = regexp.MustCompile(`url\("?([^")]+)"?\)`)
	fontSpan = regexp.MustCompile(`unicode-range:\s*([^;}]+)`)
)

// fontsFor are the fonts of a style sheet of which a text has letters.
func fontsFor(sheet []byte, text string) []string {
	var all []string
	for _, face := range fontFace.FindAllString(string(sheet), -1) {
		span := ""
		if found := fontSpan.FindStringSubmatch(face); found != nil {
			span = found[1]
		}
		if from := fontURL.FindStringSubmatch(face); from != nil && inRange(span, text) {
			all = append(all, from[1])
		}
	}
	return all
}

// inRange tells whether a text has a letter of a unicode-range; without one it is for all.
func inRange(ranges, text string) bool {
	if strings.TrimSpace(ranges) == "" {
		return true
	}
	for one := range strings.SplitSeq(ranges, ",") {
		from, to, isRange := strings.Cut(strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(one)), "U+"), "-")
		if !isRange {
			from, to = strings.ReplaceAll(from, "?", "0"), strings.ReplaceAll(from, "?", "F")
		}
		low, errLow := strconv.ParseInt(from, 16, 32)
		high, errHigh := strconv.ParseInt(to, 16, 32)
		if errLow != nil || errHigh != nil {
			continue
		}
		if strings.ContainsFunc(text, func(r rune) bool { return int64(r) >= low && int64(r) <= high }) {
			return true
		}
	}
	return false
}
