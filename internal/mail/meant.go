package mail

import (
	"slices"
	"strings"
)

// slips are domains that nobody has a mailbox at, or somebody who waits for what was meant for another, and what was meant.
var slips = map[string]string{
	"gmial.com": "gmail.com", "gmai.com": "gmail.com", "gmal.com": "gmail.com", "gnail.com": "gmail.com", "gmaill.com": "gmail.com", "gmali.com": "gmail.com",
	"gamil.com": "gmail.com", "gmil.com": "gmail.com", "gimail.com": "gmail.com", "ggmail.com": "gmail.com", "gmail.co": "gmail.com", "gmail.cm": "gmail.com", "gmail.om": "gmail.com",
	"googlemail.co": "googlemail.com", "goglemail.com": "googlemail.com",
	"hotmial.com": "hotmail.com", "hotmal.com": "hotmail.com", "hotmai.com": "hotmail.com", "hotnail.com": "hotmail.com", "hotamil.com": "hotmail.com", "hotmaill.com": "hotmail.com", "hotmail.co": "hotmail.com", "hotmail.cm": "hotmail.com",
	"outlok.com": "outlook.com", "outloo.com": "outlook.com", "outlookk.com": "outlook.com", "outllook.com": "outlook.com", "otulook.com": "outlook.com", "outlook.co": "outlook.com", "outlook.cm": "outlook.com",
	"yaho.com": "yahoo.com", "yahooo.com": "yahoo.com", "yhaoo.com": "yahoo.com", "yahho.com": "yahoo.com", "yahoo.co": "yahoo.com", "yahoo.cm": "yahoo.com",
	"iclould.com": "icloud.com", "icoud.com": "icloud.com", "iclod.com": "icloud.com", "icloud.co": "icloud.com", "icloud.cm": "icloud.com",
}

// common are domains that are taken as meant where only their first part was typed.
var common = []string{"gmail.com", "googlemail.com", "hotmail.com", "outlook.com", "yahoo.com", "icloud.com"}

// noTop are last parts that no domain has, and what was meant.
var noTop = map[string]string{"con": "com", "cmo": "com", "ocm": "com", "comm": "com", "vom": "com", "xom": "com", "nte": "net", "ner": "net", "ogr": "org"}

// guess asks of each address with a mistyped domain, and of what is none for the want of a whole one, whether another was
// meant.
func guess(found []Found, near []string) []Found {
	near = slices.Clone(near)
	for _, f := range found {
		if f.Err == nil && slip(f.Address.Domain()) == "" {
			near = append(near, f.Address.Domain())
		}
	}
	near = append(near, common...)
	for i := range found {
		f := &found[i]
		typed := f.Address.Typed
		if f.Err != nil {
			typed = bare(f.Raw)
		}
		local, domain, ok := strings.Cut(typed, "@")
		if !ok || !isLocal(local) {
			continue
		}
		meant := slip(strings.ToLower(domain))
		if meant == "" && f.Err != nil {
			meant = whole(strings.ToLower(domain), near)
		}
		if meant == "" || f.Meant != "" {
			continue
		}
		f.Meant = local + "@" + meant
		f.Address, f.Err, f.Unseen = Address{}, didYouMean(f.Meant), false
	}
	return found
}

// slip is the domain that was meant by a mistyped one, or "".
func slip(domain string) string {
	if meant := slips[domain]; meant != "" {
		return meant
	}
	dot := strings.LastIndexByte(domain, '.')
	if top := noTop[domain[dot+1:]]; dot > 0 && top != "" {
		if _, ok := lookup(domain[:dot+1] + top); ok {
			return domain[:dot+1] + top
		}
	}
	return ""
}

// whole is the domain of which only the first part was typed, as in "petra@acme".
func whole(domain string, near []string) string {
	if domain == "" || strings.Contains(domain, ".") {
		return ""
	}
	for _, one := range near {
		if strings.HasPrefix(one, domain+".") {
			return one
		}
	}
	return ""
}
