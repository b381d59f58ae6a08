package access

import (
	"cmp"

	"github.com/gin-gonic/gin"
)

// Guard lets requests through to those routes that its router knows, and nobody to any other.
type Guard struct {
	Router   *Router
	Sessions *Sessions
	// Limits are those of people, and of addresses where nobody is signed in; SignIns are those of addresses.
	Limits, SignIns *Limits
	// Requests, Streams and Files bound what is under way at the same time.
	Requests, Streams, Files *Underway
	// Refuse answers a request that goes no further, in the form that its sender understands.
	Refuse func(*gin.Context, error)
}

// Check is the middleware. It says who the person is to whatever comes after it.
func (g *Guard) Check(c *gin.Context) {
	closed, err := g.admit(c)
	if err != nil {
		g.Refuse(c, err)
		c.Abort()
		return
	}
	defer closed()
	c.Next()
}

// admit lets a request in; closed is called when it is over.
func (g *Guard) admit(c *gin.Context) (closed func(), err error) {
	permission := g.Router.Permission(c)
	if permission.IsPublic() {
		return func() {}, permission.admitAddress(g, c.ClientIP())
	}
	identity, err := g.identify(c)
	if err != nil {
		return nil, err
	}
	c.Request = c.Request.WithContext(WithIdentity(c.Request.Context(), identity))
	if err := permission.admitToken(c, identity.Token); err != nil {
		return nil, err
	}
	if err := permission.admit(c, identity.Actor); err != nil {
		return nil, err
	}
	if permission.stream {
		return g.admitStream(c, identity.key())
	}
	ended, err := g.Requests.Begin(identity.key())
	if err != nil || !permission.file {
		return ended, err
	}
	sent, err := g.Files.Begin(identity.key())
	if err != nil {
		ended()
		return nil, err
	}
	return func() {
		sent()
		ended()
	}, nil
}

// admitStream lets in what lasts as long as the session of its sender.
func (g *Guard) admitStream(c *gin.Context, who string) (closed func(), err error) {
	ended, err := g.Streams.Begin(who)
	if err != nil {
		return nil, err
	}
	ctx, end := g.Sessions.While(c.Request)
	c.Request = c.Request.WithContext(ctx)
	return func() {
		end()
		ended()
	}, nil
}

// identify finds out who asks, and whether they ask too often. The allowance is that of the person, whom only the session names: so the
// session is read first.
func (g *Guard) identify(c *gin.Context) (Identity, error) {
	identity, err := g.Sessions.Identify(c.Request)
	if err != nil {
		return Identity{}, cmp.Or(g.admitRequest(c.ClientIP()), err)
	}
	return identity, g.admitRequest(identity.key())
}

func (g *Guard) admitRequest(who string) error {
	if !g.Limits.Allow(who) {
		return ErrTooMany
	}
	return nil
}

func (g *Guard) admitSignIn(address string) error {
	if !g.SignIns.Allow(address) {
		return ErrTooManySignIns
	}
	return nil
}
