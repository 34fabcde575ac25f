/*
 * Java's JSSE as a peer for the interop tests, with its list of disabled algorithms cleared.
 *
 * In: lines on standard input, `serve PROTOCOL SUITE KEY [need|want]`, `connect PORT PROTOCOL SUITE KEY` or `suites`;
 * the folder with the key stores (KEY.p12) and their password as arguments. A client shows its key if it is asked; `-`
 * is none. Out: one line for each step: `port N`, `done PROTOCOL SUITE [ALGORITHM]` with that of the client's key or
 * `-`, `fail REASON`, `suites NAME...`. A server echoes until the end of the stream; a client sends two blocks, expects
 * them back and closes. One process serves a whole test run: starting a virtual machine costs more than a handshake.
 */

import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.Arrays;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSession;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509TrustManager;

public final class JssePeer {
    private static final int[] BLOCKS = {1000, 40000};

    /** The tests judge the library under test, not JSSE: this side accepts every certificate. */
    private static final class AcceptAll implements X509TrustManager {
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    private static SSLContext context(File folder, char[] password, String key) throws Exception {
        SSLContext context = SSLContext.getInstance("TLS");
        if (key.equals("-")) {
            context.init(null, new TrustManager[] {new AcceptAll()}, new SecureRandom());
            return context;
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(new File(folder, key + ".p12"))) {
            store.load(in, password);
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(store, password);
        context.init(factory.getKeyManagers(), new TrustManager[] {new AcceptAll()}, new SecureRandom());
        return context;
    }

    private static void serve(SSLContext context, String protocol, String suite, String asks) throws Exception {
        try (SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(0)) {
            listener.setEnabledProtocols(new String[] {protocol});
            listener.setEnabledCipherSuites(new String[] {suite});
            listener.setNeedClientAuth(asks.equals("need"));
            if (asks.equals("want")) {
                listener.setWantClientAuth(true);
            }
            listener.setSoTimeout(20000);
            say("port " + listener.getLocalPort());
            try (SSLSocket socket = (SSLSocket) listener.accept()) {
                socket.setSoTimeout(20000);
                InputStream in = socket.getInputStream();
                OutputStream out = socket.getOutputStream();
                byte[] buffer = new byte[16384];
                for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                    out.write(buffer, 0, n);
                }
                report(socket.getSession(), asks.isEmpty() ? "" : " " + shown(socket.getSession()));
            }
        }
    }

    /** The algorithm of the peer's key. */
    private static String shown(SSLSession session) {
        try {
            return session.getPeerCertificates()[0].getPublicKey().getAlgorithm();
        } catch (SSLPeerUnverifiedException error) {
            return "-";
        }
    }

    private static void connect(SSLContext context, int port, String protocol, String suite) throws Exception {
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("127.0.0.1", port)) {
            socket.setEnabledProtocols(new String[] {protocol});
            socket.setEnabledCipherSuites(new String[] {suite});
            socket.setSoTimeout(20000);
            socket.startHandshake();
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            for (int size : BLOCKS) {
                byte[] block = new byte[size];
                Arrays.fill(block, (byte) size);
                out.write(block);
                out.flush();
                if (!Arrays.equals(in.readNBytes(size), block)) {
                    throw new IllegalStateException("the echo of " + size + " bytes is not what was sent");
                }
            }
            report(socket.getSession(), "");
        }
    }

    private static void report(SSLSession session, String more) {
        say("done " + session.getProtocol() + " " + session.getCipherSuite() + more);
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    public static void main(String[] arguments) throws Exception {
        for (String property : new String[] {"jdk.tls.disabledAlgorithms", "jdk.certpath.disabledAlgorithms",
                "jdk.tls.legacyAlgorithms"}) {
            Security.setProperty(property, "");
        }
        File folder = new File(arguments[0]);
        char[] password = arguments[1].toCharArray();
        BufferedReader commands = new BufferedReader(new InputStreamReader(System.in));
        for (String line = commands.readLine(); line != null; line = commands.readLine()) {
            String[] words = line.trim().split(" ");
            try {
                if (words[0].equals("serve")) {
                    serve(context(folder, password, words[3]), words[1], words[2], words.length > 4 ? words[4] : "");
                } else if (words[0].equals("connect")) {
                    connect(context(folder, password, words[4]), Integer.parseInt(words[1]), words[2], words[3]);
                } else if (words[0].equals("suites")) {
                    String[] names = SSLContext.getDefault().getSupportedSSLParameters().getCipherSuites();
                    say("suites " + String.join(" ", names));
                } else {
                    say("fail unknown command " + words[0]);
                }
            } catch (Exception error) {
                say("fail " + String.valueOf(error).replace('\n', ' '));
            }
        }
    }
}
