// Pion's DTLS (Go) over UDP as a peer for the interop tests.
//
// In: lines on standard input, `serve VERSION SUITE KEY [NAME=VALUE...]`, `connect PORT VERSION SUITE KEY
// [NAME=VALUE...]` or `suites`. It has DTLS 1.2 alone; SUITE is a number in hexadecimal, KEY the name of a PEM file
// (KEY.pem, certificate and key in one). The folder with the files, a pre-shared key in hexadecimal and its identity are
// the arguments. Out: one line for each step: `port N`, `done VERSION SUITE NAME=VALUE...`, `fail REASON`, `suites
// NUMBER...`. A server echoes until the other end closes; a client sends blocks, expects them back and closes.
//
// Options: auth=1 ask the client for a certificate; cid=N ask for connection IDs (RFC 9146) of N bytes, 0 only to use
// the other end's; pad=N bytes of padding in each record with a connection ID; mtu=N; resume=1 keep sessions and
// resume them; srtp=1 negotiate use_srtp; move=1 a client goes on from another port before the last block; ems=0 no
// extended master secret.
package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
)

const limit = 20 * time.Second

var blocks = []int{1, 1000, 1100}

var suites = []dtls.CipherSuiteID{
	dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM, dtls.TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8,
	dtls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, dtls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	dtls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, dtls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	dtls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA, dtls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
	dtls.TLS_PSK_WITH_AES_128_CCM, dtls.TLS_PSK_WITH_AES_128_CCM_8, dtls.TLS_PSK_WITH_AES_256_CCM_8,
	dtls.TLS_PSK_WITH_AES_128_GCM_SHA256, dtls.TLS_PSK_WITH_AES_128_CBC_SHA256,
	dtls.TLS_ECDHE_PSK_WITH_AES_128_CBC_SHA256,
}

// The options of a command; what is missing is -1.
type options map[string]int

func (o options) get(name string) int {
	if value, found := o[name]; found {
		return value
	}
	return -1
}

// Sessions for both roles, kept between connections.
type store struct {
	sync.Mutex
	sessions map[string]dtls.Session
}

func (s *store) Set(key []byte, session dtls.Session) error {
	s.Lock()
	defer s.Unlock()
	s.sessions[string(key)] = session
	return nil
}

func (s *store) Get(key []byte) (dtls.Session, error) {
	s.Lock()
	defer s.Unlock()
	return s.sessions[string(key)], nil
}

func (s *store) Del(key []byte) error {
	s.Lock()
	defer s.Unlock()
	delete(s.sessions, string(key))
	return nil
}

var kept = &store{sessions: map[string]dtls.Session{}}

func config(suite, key string, o options) (*dtls.Config, error) {
	number, err := strconv.ParseUint(suite, 16, 16)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(os.Args[1], key+".pem")
	pair, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		return nil, err
	}
	id := dtls.CipherSuiteID(number)
	c := &dtls.Config{
		CipherSuites:       []dtls.CipherSuiteID{id},
		InsecureSkipVerify: true, // the tests judge the library under test, not this side
		FlightInterval:     400 * time.Millisecond,
	}
	if strings.Contains(id.String(), "PSK") {
		secret, err := hex.DecodeString(os.Args[2])
		if err != nil {
			return nil, err
		}
		c.PSK = func([]byte) ([]byte, error) { return secret, nil }
		c.PSKIdentityHint = []byte(os.Args[3])
	} else {
		c.Certificates = []tls.Certificate{pair}
	}
	if o.get("auth") == 1 {
		c.ClientAuth = dtls.RequireAnyClientCert
	}
	if o.get("ems") == 0 {
		c.ExtendedMasterSecret = dtls.DisableExtendedMasterSecret
	}
	if o.get("mtu") > 0 {
		c.MTU = o.get("mtu")
	}
	if o.get("cid") > 0 {
		c.ConnectionIDGenerator = dtls.RandomCIDGenerator(o.get("cid"))
	} else if o.get("cid") == 0 {
		c.ConnectionIDGenerator = dtls.OnlySendCIDGenerator()
	}
	if o.get("pad") > 0 {
		c.PaddingLengthGenerator = func(uint) uint { return uint(o.get("pad")) }
	}
	if o.get("resume") == 1 {
		c.SessionStore = kept
	}
	if o.get("srtp") == 1 {
		c.SRTPProtectionProfiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM, dtls.SRTP_AES128_CM_HMAC_SHA1_80}
	}
	return c, nil
}

// roaming is a client's socket that can be changed for another one under the connection.
type roaming struct {
	sync.Mutex
	current net.PacketConn
}

func (r *roaming) now() net.PacketConn {
	r.Lock()
	defer r.Unlock()
	return r.current
}

// ReadFrom goes on with the new socket when the old one was closed for it.
func (r *roaming) ReadFrom(data []byte) (int, net.Addr, error) {
	for {
		sock := r.now()
		n, from, err := sock.ReadFrom(data)
		if err == nil || sock == r.now() {
			return n, from, err
		}
	}
}

func (r *roaming) WriteTo(data []byte, to net.Addr) (int, error) { return r.now().WriteTo(data, to) }
func (r *roaming) Close() error                                  { return r.now().Close() }
func (r *roaming) LocalAddr() net.Addr                           { return r.now().LocalAddr() }
func (r *roaming) SetDeadline(t time.Time) error                 { return r.now().SetDeadline(t) }
func (r *roaming) SetReadDeadline(t time.Time) error             { return r.now().SetReadDeadline(t) }
func (r *roaming) SetWriteDeadline(t time.Time) error            { return r.now().SetWriteDeadline(t) }

func (r *roaming) move() error {
	next, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	r.Lock()
	old := r.current
	r.current = next
	r.Unlock()
	return old.Close()
}

func handshake(conn *dtls.Conn) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	if err := conn.HandshakeContext(ctx); err != nil {
		return err
	}
	return conn.SetDeadline(time.Now().Add(limit))
}

func serve(suite, key string, o options) error {
	config, err := config(suite, key, o)
	if err != nil {
		return err
	}
	listener, err := dtls.Listen("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}, config)
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Printf("port %d\n", listener.Addr().(*net.UDPAddr).Port)
	accepted, err := listener.Accept()
	if err != nil {
		return err
	}
	conn := accepted.(*dtls.Conn)
	defer conn.Close()
	if err := handshake(conn); err != nil {
		return err
	}
	buffer := make([]byte, 16384)
	for {
		n, err := conn.Read(buffer)
		if err != nil {
			if err.Error() != "EOF" {
				return err
			}
			break
		}
		if _, err := conn.Write(buffer[:n]); err != nil {
			return err
		}
	}
	return report(conn, suite, o)
}

func connect(port, suite, key string, o options) error {
	config, err := config(suite, key, o)
	if err != nil {
		return err
	}
	to, err := net.ResolveUDPAddr("udp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	raw, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return err
	}
	sock := &roaming{current: raw}
	defer sock.Close()
	conn, err := dtls.Client(sock, to, config)
	if err != nil {
		return err
	}
	if err := handshake(conn); err != nil {
		return err
	}
	got := make([]byte, 16384)
	for i, size := range blocks {
		if i == len(blocks)-1 && o.get("move") == 1 {
			if err := sock.move(); err != nil {
				return err
			}
		}
		sent := bytes.Repeat([]byte{byte(size)}, size)
		if _, err := conn.Write(sent); err != nil {
			return err
		}
		n, err := conn.Read(got)
		if err != nil {
			return err
		}
		if !bytes.Equal(got[:n], sent) {
			return fmt.Errorf("the echo of %d bytes is not what was sent", size)
		}
	}
	if err := report(conn, suite, o); err != nil {
		return err
	}
	return conn.Close()
}

func report(conn *dtls.Conn, suite string, o options) error {
	state, _ := conn.ConnectionState()
	line := fmt.Sprintf("done fefd %s auth=%d", suite, len(state.PeerCertificates))
	if profile, found := conn.SelectedSRTPProtectionProfile(); found {
		length := 2 * (16 + 14)
		if profile == dtls.SRTP_AEAD_AES_128_GCM {
			length = 2 * (16 + 12)
		}
		keys, err := state.ExportKeyingMaterial("EXTRACTOR-dtls_srtp", nil, length)
		if err != nil {
			return err
		}
		line += fmt.Sprintf(" profile=%04x keys=%x", uint16(profile), keys)
	}
	fmt.Println(line)
	return nil
}

func obey(words []string) error {
	o := options{}
	plain := []string{}
	for _, word := range words {
		if name, value, found := strings.Cut(word, "="); found {
			number, err := strconv.Atoi(value)
			if err != nil {
				return err
			}
			o[name] = number
		} else {
			plain = append(plain, word)
		}
	}
	switch {
	case len(plain) == 4 && plain[0] == "serve":
		return serve(plain[2], plain[3], o)
	case len(plain) == 5 && plain[0] == "connect":
		return connect(plain[1], plain[3], plain[4], o)
	case len(plain) == 1 && plain[0] == "suites":
		line := "suites"
		for _, suite := range suites {
			line += fmt.Sprintf(" %04x", uint16(suite))
		}
		fmt.Println(line)
		return nil
	}
	return fmt.Errorf("unknown command %q", words)
}

func main() {
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		if err := obey(strings.Fields(commands.Text())); err != nil {
			fmt.Printf("fail %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
}
