// Go's crypto/tls as a peer for the interop tests, with everything enabled that it still has.
//
// In: lines on standard input, `serve PROTOCOL SUITE KEY`, `connect PORT PROTOCOL SUITE KEY` or `suites`; PROTOCOL and
// SUITE are numbers in hexadecimal, KEY is the name of a PEM file (KEY.pem, certificate and key in one) in the folder
// given as the only argument. Out: one line for each step: `port N`, `done PROTOCOL SUITE`, `fail REASON`, `suites
// NUMBER...`. A server echoes until the end of the stream; a client sends two blocks, expects them back and closes.

//go:debug tls10server=1
//go:debug tls3des=1
//go:debug tlsrsakex=1
//go:debug tlssha1=1
//go:debug tlsmlkem=0
package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

var blocks = []int{1000, 40000}

func config(protocol, suite, key string) (*tls.Config, error) {
	version, err := strconv.ParseUint(protocol, 16, 16)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseUint(suite, 16, 16)
	if err != nil {
		return nil, err
	}
	path := filepath.Join(os.Args[1], key+".pem")
	pair, err := tls.LoadX509KeyPair(path, path)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		Certificates:       []tls.Certificate{pair},
		CipherSuites:       []uint16{uint16(number)},
		MinVersion:         uint16(version),
		MaxVersion:         uint16(version),
		InsecureSkipVerify: true, // the tests judge the library under test, not this side
	}, nil
}

func serve(protocol, suite, key string) error {
	config, err := config(protocol, suite, key)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer listener.Close()
	fmt.Printf("port %d\n", listener.Addr().(*net.TCPAddr).Port)
	raw, err := listener.Accept()
	if err != nil {
		return err
	}
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(20 * time.Second))
	conn := tls.Server(raw, config)
	if _, err := io.Copy(conn, conn); err != nil {
		return err
	}
	report(conn)
	return conn.Close()
}

func connect(port, protocol, suite, key string) error {
	config, err := config(protocol, suite, key)
	if err != nil {
		return err
	}
	raw, err := net.Dial("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(20 * time.Second))
	conn := tls.Client(raw, config)
	for _, size := range blocks {
		sent := bytes.Repeat([]byte{byte(size)}, size)
		if _, err := conn.Write(sent); err != nil {
			return err
		}
		got := make([]byte, size)
		if _, err := io.ReadFull(conn, got); err != nil {
			return err
		}
		if !bytes.Equal(got, sent) {
			return fmt.Errorf("the echo of %d bytes is not what was sent", size)
		}
	}
	report(conn)
	return conn.Close()
}

func report(conn *tls.Conn) {
	state := conn.ConnectionState()
	fmt.Printf("done %04x %04x\n", state.Version, state.CipherSuite)
}

func main() {
	commands := bufio.NewScanner(os.Stdin)
	for commands.Scan() {
		words := strings.Fields(commands.Text())
		err := fmt.Errorf("unknown command %q", commands.Text())
		switch {
		case len(words) == 4 && words[0] == "serve":
			err = serve(words[1], words[2], words[3])
		case len(words) == 5 && words[0] == "connect":
			err = connect(words[1], words[2], words[3], words[4])
		case len(words) == 1 && words[0] == "suites":
			err = nil
			line := "suites"
			for _, suite := range append(tls.CipherSuites(), tls.InsecureCipherSuites()...) {
				line += fmt.Sprintf(" %04x", suite.ID)
			}
			fmt.Println(line)
		}
		if err != nil {
			fmt.Printf("fail %s\n", strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
}
