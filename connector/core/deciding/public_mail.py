"""Domains at which anybody has a mailbox: no firm's own, and on no account all of them a client's colleagues. Pure."""

_LISTED = """
gmail.com googlemail.com outlook.com outlook.de outlook.fr hotmail.com hotmail.co.uk hotmail.de hotmail.fr
hotmail.it live.com live.co.uk live.de live.fr live.nl msn.com passport.com yahoo.com yahoo.co.uk yahoo.de
yahoo.fr yahoo.it yahoo.es yahoo.ca yahoo.co.in yahoo.com.au yahoo.com.br yahoo.co.jp ymail.com rocketmail.com
aol.com aim.com icloud.com me.com mac.com gmx.com gmx.de gmx.net gmx.at gmx.ch web.de freenet.de t-online.de
arcor.de mail.de mail.com email.com proton.me protonmail.com protonmail.ch pm.me tutanota.com tutanota.de
tuta.com tuta.io zoho.com zohomail.com fastmail.com fastmail.fm hey.com hushmail.com yandex.com yandex.ru
mail.ru bk.ru inbox.ru list.ru rambler.ru ukr.net qq.com foxmail.com 163.com 126.com sina.com sohu.com naver.com
daum.net hanmail.net rediffmail.com orange.fr wanadoo.fr free.fr laposte.net sfr.fr neuf.fr bbox.fr libero.it
virgilio.it tiscali.it alice.it tin.it bluewin.ch sunrise.ch hispeed.ch aon.at chello.at telenet.be skynet.be
proximus.be ziggo.nl kpnmail.nl planet.nl home.nl xs4all.nl btinternet.com btopenworld.com sky.com talktalk.net
virginmedia.com ntlworld.com blueyonder.co.uk tiscali.co.uk comcast.net verizon.net att.net sbcglobal.net
bellsouth.net cox.net charter.net spectrum.net roadrunner.com rr.com earthlink.net optonline.net frontier.com
frontiernet.net windstream.net centurylink.net juno.com netzero.net shaw.ca rogers.com sympatico.ca bell.net
telus.net videotron.ca bigpond.com bigpond.net.au optusnet.com.au iinet.net.au xtra.co.nz uol.com.br bol.com.br
terra.com.br ig.com.br seznam.cz centrum.cz wp.pl o2.pl onet.pl interia.pl telia.com online.no hotmail.no
hotmail.se hotmail.dk abv.bg walla.co.il docomo.ne.jp ezweb.ne.jp softbank.ne.jp
"""
PUBLIC = frozenset(_LISTED.split())


def covered(domain: str) -> frozenset[str]:
    """The public mail domains that an Internal Domain takes for the firm's: itself, and those below it."""
    return frozenset(public for public in PUBLIC if public == domain or public.endswith(f".{domain}"))
