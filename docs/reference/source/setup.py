import securetransport as st
from securetransport import extensions, legacy, spi
from securetransport.adapters.callbacks import memory_pair

# The certificate and key of docs/first-connection.md; the certificate is its own authority.
credentials = extensions.credentials_from_files("cert.pem", "key.pem")
identity = credentials[0]
_, certificate = st.SecIdentityCopyCertificate(identity, None)
_, key = st.SecIdentityCopyPrivateKey(identity, None)


def new_client():
    context = st.SSLCreateContext(None, st.kSSLClientSide, st.kSSLStreamType)
    legacy.SSLSetTrustedRoots(context, [certificate], True)
    st.SSLSetPeerDomainName(context, "localhost", 9)
    return context


def new_server():
    context = st.SSLCreateContext(None, st.kSSLServerSide, st.kSSLStreamType)
    st.SSLSetCertificate(context, credentials)
    return context


def shake(client, server):
    """Shake hands over memory, each side in its turn; the first answer of each that is not would-block."""
    for context, end in zip((client, server), memory_pair(), strict=True):
        st.SSLSetIOFuncs(context, *end)
    answers = [st.errSSLWouldBlock, st.errSSLWouldBlock]
    for _ in range(10):
        for side, context in enumerate((client, server)):
            if answers[side] == st.errSSLWouldBlock:
                answers[side] = st.SSLHandshake(context)
    return tuple(answers)


ctx, srv = new_client(), new_server()  # nothing has happened on these yet
client, server = new_client(), new_server()  # these are connected to each other
shake(client, server)
