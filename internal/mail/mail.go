// Package mail takes a letter from the change that causes it to the mailbox it is meant for.
//
// A letter is a value (letter.go). The transaction that causes it inserts it as a job (job.go), so that nothing is sent
// for a change that was rolled back; its link lies sealed in the job (seal.go), so that a copy of the database opens
// nothing. The worker (worker.go) opens the seal, has the letter rendered, and hands it to a Transport: a mail server
// (smtp.go) or, while Roster is tried out on one's own machine, the development mailbox (mailbox.go).
//
// A letter is sent at least once: whoever dies between sending and saying so sends it again, with the same Message-ID
// and the same link. It has one recipient, and what tenants wrote into it is plain text without web addresses (words.go).
package mail
