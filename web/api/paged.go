package api

import (
	"net/url"

	"github.com/danielgtaylor/huma/v2"
)

// Paged is the input of a list that comes in pages. It knows which page was asked for.
type Paged struct{ asked url.URL }

// Resolve finds the address that was asked.
func (p *Paged) Resolve(ctx huma.Context) []error {
	p.asked = ctx.URL()
	return nil
}

// link is the header that leads to the next page, which begins behind a cursor; "" for none.
func (p *Paged) link(cursor string) string {
	if cursor == "" {
		return ""
	}
	query := p.asked.Query()
	query.Set("cursor", cursor)
	return "<" + p.asked.EscapedPath() + "?" + query.Encode() + `>; rel="next"`
}
