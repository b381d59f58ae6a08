package pages

import (
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"slipway/catalog"
)

const auditLength = 50

type auditData struct {
	ID      string
	Entries []auditEntry
	// Older leads to the entries before these; "" when there are none.
	Older string
}

type auditEntry struct {
	catalog.AuditEntry
	Details string // the command as JSON
}

func (p *Pages) audit(c *gin.Context) {
	before, err := strconv.ParseInt(c.DefaultQuery("cursor", "0"), 10, 64)
	if err != nil || before < 0 {
		p.Refuse(c, invalid("the cursor %q does not belong to this list; leave it out to begin with the newest entry", c.Query("cursor")))
		return
	}
	id := c.Param("id")
	found, err := p.Service.AuditPage(c.Request.Context(), person(c), id, before, auditLength)
	if err != nil {
		p.Refuse(c, err)
		return
	}
	data := auditData{ID: id}
	if found.Next > 0 {
		data.Older = "/mini-programs/" + id + "/audit?cursor=" + strconv.FormatInt(found.Next, 10)
	}
	for _, entry := range found.Entries {
		details, err := json.MarshalIndent(entry.Record.Command, "", "  ")
		if err != nil {
			p.Refuse(c, err)
			return
		}
		data.Entries = append(data.Entries, auditEntry{entry, string(details)})
	}
	p.show(c, http.StatusOK, "audit", page{Title: p.words(c).t("Audit trail of %s", id), Watch: id, Data: data})
}
