package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// ErrForbiddenTarget says that a target is where no subscription may reach: in a private network, for instance.
var ErrForbiddenTarget = errors.New("the target is in a private, local or reserved network; WEBHOOK_ALLOW may allow it")

// errRedirected says that a target wants the message to be sent elsewhere, which would get around the allowed addresses.
var errRedirected = errors.New("the target redirects, which is not followed; subscribe with the address that it redirects to")

// sendTime is what a target has to take a message.
const sendTime = 15 * time.Second

// Allowed are the targets that may be reached although they are in private or local networks.
type Allowed struct {
	networks []netip.Prefix
	hosts    []string
}

// UnmarshalText reads them as ParseAllowed does.
func (a *Allowed) UnmarshalText(text []byte) (err error) {
	*a, err = ParseAllowed(string(text))
	return err
}

// ParseAllowed reads networks (10.0.0.0/8), addresses and host names, separated by commas.
func ParseAllowed(text string) (allowed Allowed, err error) {
	for entry := range strings.SplitSeq(text, ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		if network, err := netip.ParsePrefix(entry); err == nil {
			allowed.networks = append(allowed.networks, network.Masked())
		} else if address, err := netip.ParseAddr(entry); err == nil {
			allowed.networks = append(allowed.networks, netip.PrefixFrom(address, address.BitLen()))
		} else if strings.ContainsAny(entry, "/: ") {
			return Allowed{}, fmt.Errorf("%.100q is neither a network such as 10.0.0.0/8, nor an address, nor the name of a host", entry)
		} else {
			allowed.hosts = append(allowed.hosts, strings.ToLower(strings.TrimSuffix(entry, ".")))
		}
	}
	return allowed, nil
}

// reserved are the networks of RFC 6890 and its successors that the methods of netip.Addr do not know, those that lead to other addresses
// within them, and 168.63.129.16, where Azure has what others have at 169.254.169.254.
var reserved = prefixes("0.0.0.0/8", "100.64.0.0/10", "168.63.129.16/32", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24",
	"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")

// assigned is all of IPv6 that anybody on the Internet has. Outside of it are NAT64 (64:ff9b::/96) and other ways to write an IPv4 address.
var assigned = netip.MustParsePrefix("2000::/3")

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, text := range texts {
		all = append(all, netip.MustParsePrefix(text))
	}
	return all
}

// check tells whether a connection may be made to an address, by the name or address that was asked for.
func (a Allowed) check(asked, address string) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return ErrForbiddenTarget
	}
	ip := at.Addr().Unmap().WithZone("")
	within := func(networks []netip.Prefix) bool {
		return slices.ContainsFunc(networks, func(network netip.Prefix) bool { return network.Contains(ip) })
	}
	public := ip.IsGlobalUnicast() && !ip.IsPrivate() && !within(reserved) && (ip.Is4() || assigned.Contains(ip))
	named := slices.Contains(a.hosts, strings.ToLower(strings.TrimSuffix(asked, ".")))
	if public || named || within(a.networks) {
		return nil
	}
	return ErrForbiddenTarget
}

// NewHTTP is a client for targets that people name. Which address it reaches is checked when it connects, after the name was resolved: what
// a name resolved to before, or a proxy would make of it, does not matter. Redirects are not followed.
func NewHTTP(allowed Allowed, resolver *net.Resolver) *http.Client {
	dial := func(ctx context.Context, network, address string) (net.Conn, error) {
		asked, _, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		dialer := net.Dialer{Timeout: sendTime, Resolver: resolver, Control: func(_, connects string, _ syscall.RawConn) error {
			return allowed.check(asked, connects)
		}}
		return dialer.DialContext(ctx, network, address)
	}
	return &http.Client{
		Timeout: sendTime,
		// A connection is kept no longer than a name may be trusted.
		Transport: &http.Transport{
			DialContext: dial, ForceAttemptHTTP2: true, TLSHandshakeTimeout: sendTime, IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 2,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirected },
	}
}
