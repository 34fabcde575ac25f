/*
 * Java's DTLS (JSSE's SSLEngine) over UDP as a peer for the interop tests, with its list of disabled algorithms cleared.
 *
 * In: lines on standard input, `serve VERSION SUITE KEY [NAME=VALUE...]`, `connect PORT VERSION SUITE KEY
 * [NAME=VALUE...]` or `suites`; the folder with the key stores (KEY.p12) and their password as arguments. Out: one line
 * for each step: `port N`, `done VERSION SUITE NAME=VALUE...`, `fail REASON`, `suites NAME...`. A server echoes until
 * the other end closes; a client sends blocks, expects them back and closes. An engine has no clock: flights are sent
 * again here when nothing came for a while.
 *
 * Options: auth=1 ask the client for a certificate; renegotiate=1 handshake again before the last block.
 */

import java.io.BufferedReader;
import java.io.File;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.nio.ByteBuffer;
import java.security.KeyStore;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.TrustManager;
import javax.net.ssl.X509ExtendedTrustManager;

public final class DtlsPeer {
    private static final int[] BLOCKS = {1, 1000, 1100};
    private static final int LIMIT = 20000;
    private static final int PATIENCE = 400;

    /** The tests judge the library under test, not JSSE: this side accepts every certificate. */
    private static final class AcceptAll extends X509ExtendedTrustManager {
        public void checkClientTrusted(X509Certificate[] chain, String type) {}

        public void checkServerTrusted(X509Certificate[] chain, String type) {}

        public void checkClientTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

        public void checkServerTrusted(X509Certificate[] chain, String type, java.net.Socket socket) {}

        public void checkClientTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        public void checkServerTrusted(X509Certificate[] chain, String type, SSLEngine engine) {}

        public X509Certificate[] getAcceptedIssuers() {
            return new X509Certificate[0];
        }
    }

    /** One end: the engine and the socket below it. */
    private static final class End {
        private final SSLEngine engine;
        private final DatagramSocket socket;
        private final ByteBuffer outgoing = ByteBuffer.allocate(32768);
        private final byte[] datagram = new byte[65536];
        private ByteBuffer waiting = ByteBuffer.allocate(0);
        private final Deque<byte[]> blocks = new ArrayDeque<>();

        End(SSLEngine engine, DatagramSocket socket) {
            this.engine = engine;
            this.socket = socket;
        }

        private SSLEngineResult wrap(ByteBuffer data) throws Exception {
            outgoing.clear();
            SSLEngineResult result = engine.wrap(data, outgoing);
            outgoing.flip();
            if (outgoing.hasRemaining()) {
                socket.send(new DatagramPacket(outgoing.array(), outgoing.remaining()));
            }
            return result;
        }

        /** Whether a datagram came within the patience. */
        private boolean fetch() throws Exception {
            DatagramPacket packet = new DatagramPacket(datagram, datagram.length);
            socket.setSoTimeout(PATIENCE);
            try {
                socket.receive(packet);
            } catch (SocketTimeoutException none) {
                return false;
            }
            waiting = ByteBuffer.wrap(Arrays.copyOf(datagram, packet.getLength()));
            return true;
        }

        /** Opens what came; application data, which may come amid a handshake, waits in {@link #blocks}. */
        private SSLEngineResult unwrap() throws Exception {
            ByteBuffer plain = ByteBuffer.allocate(32768);
            SSLEngineResult result = engine.unwrap(waiting, plain);
            plain.flip();
            if (plain.hasRemaining()) {
                byte[] block = new byte[plain.remaining()];
                plain.get(block);
                blocks.add(block);
            }
            return result;
        }

        /** Runs the handshake until it is over. */
        void handshake() throws Exception {
            long end = System.currentTimeMillis() + LIMIT;
            HandshakeStatus status = engine.getHandshakeStatus();
            while (status != HandshakeStatus.FINISHED && status != HandshakeStatus.NOT_HANDSHAKING) {
                if (System.currentTimeMillis() > end) {
                    throw new SocketTimeoutException("the handshake at " + status);
                }
                switch (status) {
                    case NEED_TASK:
                        for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
                            task.run();
                        }
                        status = engine.getHandshakeStatus();
                        break;
                    case NEED_WRAP:
                        status = wrap(ByteBuffer.allocate(0)).getHandshakeStatus();
                        break;
                    default:
                        if (status == HandshakeStatus.NEED_UNWRAP && !waiting.hasRemaining() && !fetch()) {
                            status = wrap(ByteBuffer.allocate(0)).getHandshakeStatus(); // the last flight again
                            break;
                        }
                        SSLEngineResult result = unwrap();
                        status = result.getHandshakeStatus();
                        if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                            throw new IllegalStateException("closed in the handshake");
                        }
                }
            }
        }

        void send(byte[] data) throws Exception {
            wrap(ByteBuffer.wrap(data));
        }

        /** The next block; null at the other end's close_notify. */
        byte[] receive() throws Exception {
            long end = System.currentTimeMillis() + LIMIT;
            while (blocks.isEmpty()) {
                if (System.currentTimeMillis() > end) {
                    throw new SocketTimeoutException("no data");
                }
                if (!waiting.hasRemaining() && !fetch()) {
                    continue;
                }
                SSLEngineResult result = unwrap();
                if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
                    return null;
                }
                HandshakeStatus status = result.getHandshakeStatus();
                if (status != HandshakeStatus.FINISHED && status != HandshakeStatus.NOT_HANDSHAKING) {
                    handshake();
                }
            }
            return blocks.remove();
        }

        void close() throws Exception {
            engine.closeOutbound();
            while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
                wrap(ByteBuffer.allocate(0));
            }
        }

        void report(boolean asked) {
            say("done " + engine.getSession().getProtocol() + " " + engine.getSession().getCipherSuite() + " auth="
                    + (asked ? shown() : "-"));
        }

        /** The algorithm of the peer's key. */
        private String shown() {
            try {
                return engine.getSession().getPeerCertificates()[0].getPublicKey().getAlgorithm();
            } catch (SSLPeerUnverifiedException error) {
                return "-";
            }
        }
    }

    private static SSLEngine engine(File folder, char[] password, String protocol, String suite, String key,
            boolean server, Map<String, Integer> options) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = new FileInputStream(new File(folder, key + ".p12"))) {
            store.load(in, password);
        }
        KeyManagerFactory factory = KeyManagerFactory.getInstance("SunX509");
        factory.init(store, password);
        SSLContext context = SSLContext.getInstance("DTLS");
        context.init(factory.getKeyManagers(), new TrustManager[] {new AcceptAll()}, new SecureRandom());
        SSLEngine engine = context.createSSLEngine();
        engine.setUseClientMode(!server);
        SSLParameters parameters = engine.getSSLParameters();
        parameters.setProtocols(new String[] {protocol});
        parameters.setCipherSuites(new String[] {suite});
        parameters.setMaximumPacketSize(1400);
        if (server && options.getOrDefault("auth", 0) == 1) {
            parameters.setNeedClientAuth(true);
        }
        engine.setSSLParameters(parameters);
        return engine;
    }

    private static void serve(SSLEngine engine, Map<String, Integer> options) throws Exception {
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
            say("port " + socket.getLocalPort());
            socket.setSoTimeout(LIMIT);
            End end = new End(engine, socket);
            DatagramPacket first = new DatagramPacket(end.datagram, end.datagram.length);
            socket.receive(first);
            socket.connect(first.getSocketAddress());
            end.waiting = ByteBuffer.wrap(Arrays.copyOf(end.datagram, first.getLength()));
            engine.beginHandshake();
            end.handshake();
            boolean again = options.getOrDefault("renegotiate", 0) == 1;
            for (byte[] data = end.receive(); data != null; data = end.receive()) {
                end.send(data);
                if (again) {
                    again = false;
                    engine.beginHandshake();
                    end.handshake();
                }
            }
            end.close();
            end.report(options.getOrDefault("auth", 0) == 1);
        }
    }

    private static void connect(SSLEngine engine, int port, Map<String, Integer> options) throws Exception {
        try (DatagramSocket socket = new DatagramSocket(0, InetAddress.getByName("127.0.0.1"))) {
            socket.connect(new InetSocketAddress("127.0.0.1", port));
            End end = new End(engine, socket);
            engine.beginHandshake();
            end.handshake();
            for (int i = 0; i < BLOCKS.length; i++) {
                if (i == BLOCKS.length - 1 && options.getOrDefault("renegotiate", 0) == 1) {
                    engine.beginHandshake();
                    end.handshake();
                }
                byte[] data = new byte[BLOCKS[i]];
                Arrays.fill(data, (byte) BLOCKS[i]);
                end.send(data);
                if (!Arrays.equals(end.receive(), data)) {
                    throw new IllegalStateException("the echo of " + BLOCKS[i] + " bytes is not what was sent");
                }
            }
            end.close();
            end.report(true);
        }
    }

    private static void say(String line) {
        System.out.println(line);
        System.out.flush();
    }

    private static Map<String, Integer> options(String[] words, int from) {
        Map<String, Integer> options = new HashMap<>();
        for (int i = from; i < words.length; i++) {
            String[] parts = words[i].split("=");
            options.put(parts[0], Integer.parseInt(parts[1]));
        }
        return options;
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
            String[] w = line.trim().split(" ");
            try {
                if (w[0].equals("serve")) {
                    Map<String, Integer> options = options(w, 4);
                    serve(engine(folder, password, w[1], w[2], w[3], true, options), options);
                } else if (w[0].equals("connect")) {
                    Map<String, Integer> options = options(w, 5);
                    connect(engine(folder, password, w[2], w[3], w[4], false, options), Integer.parseInt(w[1]), options);
                } else if (w[0].equals("suites")) {
                    SSLEngine engine = engine(folder, password, "DTLSv1.2", "TLS_RSA_WITH_AES_128_CBC_SHA", "rsa", true,
                            new HashMap<>());
                    say("suites " + String.join(" ", engine.getSupportedCipherSuites()));
                } else {
                    say("fail unknown command " + w[0]);
                }
            } catch (Exception error) {
                say("fail " + String.valueOf(error).replace('\n', ' '));
            }
        }
    }
}
