package prove

import (
	"fmt"
	"strings"
)

// What is passed for a parameter of a query: what a world has there. A parameter that has no line fails the
// proof, so a new query cannot slip by.
var anyValues = map[string]func(w world) value{
	"org_id":         func(w world) value { return text(w.org.String()) },
	"actor_id":       func(w world) value { return text(w.owner().String()) },
	"user_id":        func(w world) value { return text(w.member().String()) },
	"invited_by":     func(w world) value { return text(w.owner().String()) },
	"granted_by":     func(w world) value { return text(w.owner().String()) },
	"taken_by":       func(w world) value { return text(w.admin().String()) },
	"membership_id":  func(w world) value { return text(w.membership(w.member()).String()) },
	"membership_ids": func(w world) value { return array(w.membership(w.member()).String()) },
	"invitation_id":  func(w world) value { return text(w.open().String()) },
	"invitation_ids": func(w world) value { return array(w.open().String()) },
	"ids":            func(w world) value { return array(w.open().String(), w.revoked().String(), w.declined().String()) },
	"event_id":       func(w world) value { return text(w.fresh(0).String()) },
	"event_ids":      func(w world) value { return array(w.fresh(0).String()) },
	"undoes":         func(w world) value { return text(w.laterEvent().String()) },
	"subject_id":     func(w world) value { return text(w.membership(w.member()).String()) },
	"subject_ids":    func(w world) value { return array(w.membership(w.member()).String()) },
	"session_id":     func(w world) value { return text(w.fresh(1).String()) },
	"submission":     func(w world) value { return text(w.submission().String()) },
	"digest":         func(w world) value { return text(w.token("mailed")) },
	"digests":        func(w world) value { return array(w.token("fresh")) },
	"email_norm":     func(w world) value { return text(w.email("invitee")) },
	"email_norms":    func(w world) value { return array(w.email("declined")) },
	"emails":         func(w world) value { return array(w.email("member"), w.email("invitee"), w.email("blocked")) },
	"actor_name":     func(w world) value { return text("owner " + w.mark()) },
	"subject_name":   func(w world) value { return text("member " + w.mark()) },
	"subject_names":  func(w world) value { return array("member " + w.mark()) },
	"subject":        func(w world) value { return text("org:" + w.org.String()) },
	"job_id":         func(w world) value { return text(w.working().String()) },
	"piece":          constant("1"),
	"data":           constant(`\x00`),
	"labels":         func(w world) value { return array("member " + w.mark()) },
	"work":           func(w world) value { return text(fmt.Sprintf(`{"org_id": "%s"}`, w.org)) },
	"args":           func(w world) value { return array(fmt.Sprintf(`{"org_id": "%s"}`, w.org)) },

	"import_id": func(w world) value { return text(w.file().String()) },
	"names":     func(w world) value { return array("member " + w.mark()) },
	"messages":  func(w world) value { return array("tried " + w.mark()) },

	"file":           constant("tried"),
	"ns":             constant("{1}"),
	"kinds":          constant("{ready}"),
	"abouts":         constant("{00000000-0000-0000-0000-000000000000}"),
	"ranks":          constant("{2}"),
	"rank_from":      constant("0"),
	"rank_to":        constant("3"),
	"after_rank":     constant("-1"),
	"with_rows":      constant("true"),
	"life_seconds":   constant("604800"),
	"how_many":       constant("1"),
	"spec":           constant("{}"),
	"progress":       constant("{}"),
	"state":          constant("done"),
	"states":         constant("{open,accepted,declined,revoked}"),
	"notes":          constant("{tried}"),
	"undos":          constant("{00000000-0000-0000-0000-000000000000}"),
	"problem":        constant("tried"),
	"numbers":        constant("{1}"),
	"total":          constant("9"),
	"done":           constant("9"),
	"skipped":        constant("0"),
	"failed":         constant("0"),
	"show":           constant("waiting"),
	"after_n":        constant("-1"),
	"delay_seconds":  constant("0"),
	"roles":          constant("{guest}"),
	"words":          constant("{% member%}"),
	"addresses":      constant("{}"),
	"role":           constant(""),
	"status":         constant("suspended"),
	"kind":           constant("mailed"),
	"event":          constant("tried"),
	"actor_kind":     constant("person"),
	"subject_kind":   constant("membership"),
	"before":         constant("{}"),
	"after":          constant("{}"),
	"outcome":        constant("{}"),
	"message":        constant("tried"),
	"delivery":       constant("sent"),
	"detail":         constant("tried"),
	"address":        constant("192.0.2.1"),
	"user_agent":     constant("tried"),
	"request_id":     constant("tried"),
	"sort":           constant("name"),
	"active_from":    constant("-infinity"),
	"active_to":      constant("infinity"),
	"pending":        constant("true"),
	"former_too":     constant("true"),
	"after_name":     constant(""),
	"after_time":     constant("-infinity"),
	"after_id":       constant("00000000-0000-0000-0000-000000000000"),
	"before_time":    constant("infinity"),
	"before_id":      constant("ffffffff-ffff-ffff-ffff-ffffffffffff"),
	"invited_at":     constant("2000-01-01"),
	"expires_at":     constant("2999-01-01"),
	"days":           constant("7"),
	"max_attempts":   constant("1"),
	"page_size":      constant("50"),
	"history_size":   constant("50"),
	"window_seconds": constant("3600"),
	"expired_too":    constant("true"),
	"open_too":       constant("true"),
	"with_events":    constant("true"),
	"revoke":         constant("true"),
	"descending":     constant("false"),
}

// exactValues are those of one query's parameter, where the one above would find nothing to do.
var exactValues = map[string]func(w world) value{
	"GetUndoable.event_id":               func(w world) value { return text(w.event().String()) },
	"GetSubmission.user_id":              func(w world) value { return text(w.owner().String()) },
	"InsertSubmission.submission":        func(w world) value { return text(w.fresh(2).String()) },
	"InsertInvitations.ids":              func(w world) value { return array(w.fresh(3).String()) },
	"InsertInvitations.emails":           func(w world) value { return array(w.email("fresh")) },
	"InsertInvitations.email_norms":      func(w world) value { return array(w.email("fresh")) },
	"InsertMembership.user_id":           func(w world) value { return text(w.former().String()) },
	"AcceptInvitation.user_id":           func(w world) value { return text(w.invitee().String()) },
	"InsertJobs.kind":                    constant("canary"),
	"InsertImport.import_id":             func(w world) value { return text(w.fresh(6).String()) },
	"InsertImport.role":                  constant("guest"),
	"InsertImportRows.ns":                constant("{3}"),
	"InsertImportRows.emails":            func(w world) value { return array(w.email("fresh")) },
	"SetImportRows.emails":               func(w world) value { return array(w.email("fresh")) },
	"CountInvited.user_id":               func(w world) value { return text(w.owner().String()) },
	"DeleteOldInviterCounts.user_id":     func(w world) value { return text(w.owner().String()) },
	"StartJob.kind":                      constant("tried.it"),
	"StartJob.job_id":                    func(w world) value { return text(w.fresh(5).String()) },
	"StartJob.user_id":                   func(w world) value { return text(w.owner().String()) },
	"CountJobsAtWork.user_id":            func(w world) value { return text(w.owner().String()) },
	"GetFile.job_id":                     func(w world) value { return text(w.jobDone().String()) },
	"GetFile.user_id":                    func(w world) value { return text(w.owner().String()) },
	"GetFilePiece.job_id":                func(w world) value { return text(w.jobDone().String()) },
	"InsertFilePiece.piece":              constant("7"),
	"GetJob.user_id":                     func(w world) value { return text(w.owner().String()) },
	"AskJobToStop.user_id":               func(w world) value { return text(w.owner().String()) },
	"InsertJobItems.numbers":             constant("{3}"),
	"MarkJobItems.states":                constant("{done}"),
	"ReplaceTokens.kind":                 constant(""),
	"SearchMembers.status":               constant(""),
	"SearchMembers.invited_by":           constant("00000000-0000-0000-0000-000000000000"),
	"ListMembersByNameDown.after_name":   constant("~"),
	"ListMembersByNameDown.after_id":     constant("ffffffff-ffff-ffff-ffff-ffffffffffff"),
	"ListMembersByJoinedDown.after_time": constant("infinity"),
	"ListInvitations.after_time":         constant("infinity"),
}

// withoutControl are queries that find nothing in a canary, each with the reason.
var withoutControl = map[string]string{
	"DeleteOldLetterCounts": "no control: it deletes the installation's old counters of letters, of which a canary has none",
}

// globalWrites are queries by which a role writes what belongs to no organization or to all, each with the
// reason.
var globalWrites = map[string]string{
	"roster_worker CountLetter":           "letters are counted by a subject that is passed, and the answer is the count of that",
	"roster_worker DeleteOldLetterCounts": "old counts of letters are deleted",
	"roster_worker InsertJobs":            "the worker's queue is that of all organizations",
	"roster_worker QueueWork":             "the worker's queue is that of all organizations",
}

func constant(s string) func(world) value { return func(world) value { return text(s) } }

// array is the text of an array of texts.
func array(elements ...string) value {
	quoted := make([]string, len(elements))
	for i, e := range elements {
		quoted[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(e) + `"`
	}
	return text("{" + strings.Join(quoted, ",") + "}")
}
