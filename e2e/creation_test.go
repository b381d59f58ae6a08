package e2e

import (
	"context"
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/workflows"
)

// held is a catalogue that takes no commit before it is let go.
type held struct {
	*catalog.Catalog
	asked, letGo chan struct{}
	once         sync.Once
}

func (h *held) Commit(ctx context.Context, commit catalog.Commit) (catalog.Gap, error) {
	h.once.Do(func() { close(h.asked) })
	select {
	case <-h.letGo:
		return h.Catalog.Commit(ctx, commit)
	case <-ctx.Done():
		return catalog.Gap{}, ctx.Err()
	}
}

// watching is a client of whose calls each is told, with what came of it, before it returns.
func (p *platform) watching(tell func(method string, err error) error) workflows.Client {
	p.t.Helper()
	intercept := func(ctx context.Context, method string, request, reply any, connection *grpc.ClientConn, invoke grpc.UnaryInvoker, options ...grpc.CallOption) error {
		return tell(method, invoke(ctx, method, request, reply, connection, options...))
	}
	connection, err := client.DialContext(p.t.Context(), client.Options{
		HostPort:          server.Address,
		ConnectionOptions: client.ConnectionOptions{DialOptions: []grpc.DialOption{grpc.WithChainUnaryInterceptor(intercept)}},
	})
	require.NoError(p.t, err)
	p.t.Cleanup(connection.Close)
	return workflows.Client{Temporal: connection}
}

// Whoever repeats a request for creation that is not decided yet hears the first answer, and not that the id is taken.
func TestACreationRepeatedBeforeItIsDecidedWaitsForItsAnswer(t *testing.T) {
	p := running(t)
	p.stop(os.Interrupt)
	recorder := &held{Catalog: p.catalog, asked: make(chan struct{}), letGo: make(chan struct{})}
	t.Cleanup(p.inProcess(client.Options{}, recorder, lifecycle.DefaultSettings()))

	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	asked := make(chan struct{})
	tell := sync.OnceFunc(func() { close(asked) })
	repeating := p.watching(func(method string, err error) error {
		// The workflow answers that there is nothing yet: since its decision takes long, it does so while it waits.
		if strings.HasSuffix(method, "/QueryWorkflow") && serviceerror.ToStatus(err).Code() == codes.InvalidArgument {
			tell()
		}
		return err
	})
	creation := lifecycle.Creation{ID: "repeated-early", Title: "Early", Team: "acme", Actor: developer, RequestID: "once"}
	type answer struct {
		lifecycle.Outcome
		err error
	}
	request := func(by workflows.Client) <-chan answer {
		answers := make(chan answer, 1)
		go func() {
			outcome, err := by.RequestCreation(ctx, creation)
			answers <- answer{outcome, err}
		}()
		return answers
	}
	first := request(p.client)
	<-recorder.asked
	second := request(repeating)
	select {
	case <-asked:
	case early := <-second:
		require.Fail(t, "it was answered before it was decided", "%v", early)
	}
	close(recorder.letGo)
	expected, repeated := <-first, <-second
	require.NoError(t, expected.err)
	require.NoError(t, repeated.err)
	assert.True(t, expected.Accepted)
	assert.Equal(t, expected.Outcome, repeated.Outcome)
	creation.Title = "Late"
	other := <-request(p.client)
	refusal, refused := errors.AsType[*lifecycle.Refusal](other.err)
	require.True(t, refused, "%v", other.err)
	assert.Equal(t, lifecycle.KeyReused, refusal.Code)
}

// Only what may still be answered is said to be recorded and unanswered.
func TestAnAnswerThatCannotBeReadIsNoneThatIsToCome(t *testing.T) {
	p := running(t)
	id := p.request("unreadable")
	for code, mayCome := range map[codes.Code]bool{codes.PermissionDenied: false, codes.Unauthenticated: false, codes.InvalidArgument: false, codes.DeadlineExceeded: true} {
		blind := p.watching(func(method string, err error) error {
			if strings.HasSuffix(method, "/QueryWorkflow") {
				return status.Error(code, "not for you")
			}
			return err
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		_, err := blind.Act(ctx, id, lifecycle.Command{Action: lifecycle.Pause, Actor: developer, RequestID: code.String()})
		cancel()
		if mayCome {
			assert.ErrorIs(t, err, workflows.ErrUnfinished, code)
			continue
		}
		assert.NotErrorIs(t, err, workflows.ErrUnfinished, code)
		assert.ErrorContains(t, err, "the action is recorded, but its outcome cannot be read")
		assert.ErrorContains(t, err, code.String(), "the request id to ask with")
	}
}
