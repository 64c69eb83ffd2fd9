"""Every word of the report, in one place.

The terminal, the HTML report and whatever shows a result later take their words from here, so that all say
the same and a translator finds all of it: whole sentences with named places, never halves that are joined.
The accessors (:func:`phrase`, :func:`phrases`, :func:`verdict_words` ...) are where a catalogue will be
asked.

Two failures decide how this is worded: a camera that is missed, and an alarm that sends somebody to the
police for a screw. So nothing here says that a room is without cameras, and a weak cue reads as something
to check, not as something to fear. The reader may be frightened, tired and on a phone.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from ...detect.lens.profile import CameraProfile
from ...detect.result import FindingKind, Level, SourceState, Verdict
from ...detect.text import clean


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictWords:
    """What a verdict says: a headline, what it means, what it does not mean."""

    headline: str
    means: str
    means_not: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelWords:
    """What a level is called, and its meaning in one line."""

    name: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do: what, and how or why."""

    what: str
    how: str


_VERDICTS = {
    Verdict.CAMERA_IDENTIFIED: VerdictWords(
        headline="Something nearby says itself that it is a camera.",
        means="A device announced itself as a camera, by a name or an answer that belongs to cameras. "
        "Each finding below tells you how to find out where it is.",
        means_not="It is not yet known where the camera is, whose it is, or whether it sees you. Doorbells, "
        "baby monitors and openly mounted cameras announce themselves too, and radio goes through walls.",
    ),
    Verdict.SUSPECTS_FOUND: VerdictWords(
        headline="There are strong signs of a camera.",
        means="At least one thing shows several signs of a camera that do not depend on each other. "
        "Treat it as a camera until somebody has shown that it is something else.",
        means_not="It is not proof. Some harmless things show the same signs. "
        "Each finding below tells you how to decide.",
    ),
    Verdict.WORTH_A_LOOK: VerdictWords(
        headline="Something is worth a look. It is probably harmless.",
        means="The things below show a weak sign that cameras share with many ordinary objects: screws, "
        "knobs, small lights, smart speakers. Checking each takes a minute or two, and the steps are given.",
        means_not="It does not mean that one of them is a camera. Nor does it mean that the room holds "
        "none: the checks see only part of it.",
    ),
    Verdict.NOTHING_FOUND: VerdictWords(
        headline="Nothing was found by the checks that ran.",
        means="The checks saw nothing in the photos and recordings that points to a camera.",
        means_not="It does not mean that the room holds none. A camera can work without radio, be switched "
        "off, face another way or sit outside the picture. The list below tells what was not looked at.",
    ),
    Verdict.NOT_EXAMINED: VerdictWords(
        headline="Nothing could be examined.",
        means="None of what was given could be examined, so this report tells nothing about the room.",
        means_not="It speaks neither for a camera nor against one. The reasons are given below: mend them "
        "and run the sweep again.",
    ),
}

#: Where everything identified or suspect is a camera that people wear.
_WORN = {
    Verdict.CAMERA_IDENTIFIED: VerdictWords(
        headline="A camera that people wear was heard nearby.",
        means="Camera glasses, a body camera or something alike announced itself by radio.",
        means_not="That alone does not put it in this room, and it need not be filming: somebody close by "
        "may simply carry it, also behind a wall. Each finding below tells you how to find out.",
    ),
    Verdict.SUSPECTS_FOUND: VerdictWords(
        headline="There are strong signs of a camera that somebody wears nearby.",
        means="Something announced itself by radio as camera glasses, body cameras and the like do.",
        means_not="It is not proof: headsets of the same makers send some of the same signs. Nor does it put a camera "
        "in this room, or say that one is filming: somebody close by may simply carry it, also behind a wall.",
    ),
}

_LEVELS = {
    Level.IDENTIFIED: LevelWords(
        name="Says it is a camera",
        meaning="It says itself that it is a camera. It need not be hidden, or in this room: find out where it is.",
    ),
    Level.SUSPECT: LevelWords(name="Strong signs", meaning="Strong signs. Treat it as a camera until shown otherwise."),
    Level.LOOK: LevelWords(
        name="Take a look", meaning="Probably harmless: one weak sign. Check it as described below."
    ),
    Level.NOTED: LevelWords(name="Noted", meaning="Seen, and these checks saw nothing in it that points to a camera."),
}

_SOURCE_STATES = {
    SourceState.EXAMINED: "Examined",
    SourceState.PARTIAL: "Examined in part",
    SourceState.NOT_EXAMINED: "Not examined",
}

_SOURCE_KINDS = {
    "photo": "Photo",
    "pair": "Photo pair, torch on and off",
    "video": "Video",
    "dark_photo": "Photo in the dark, torch off",
    "dark_video": "Video in the dark, torch off",
    "wifi_capture": "Wi-Fi recording",
    "wifi_live": "Wi-Fi, heard live",
    "wifi_scan": "Wi-Fi list",
    "motion": "Wi-Fi recording, held against what was done in the room",
    "readings": "Signal readings",
    "bluetooth_capture": "Bluetooth recording",
    "bluetooth_live": "Bluetooth, heard live",
    "lan": "Devices on the network",
}

_KINDS = {
    FindingKind.LENS_GLINT: "Bright spot",
    FindingKind.WIFI_STATION: "Wi-Fi device",
    FindingKind.WIFI_NETWORK: "Wi-Fi network",
    FindingKind.LAN_HOST: "Device on the network",
    FindingKind.BLUETOOTH_DEVICE: "Bluetooth device",
}

_DO_NOT_TOUCH = Step(
    what="Do not touch or move it.",
    how="Do not open it, unplug it or press its buttons. If it sees you, step out of its view.",
)
_PHOTOGRAPH = Step(
    what="Photograph it from far to near.",
    how="First the door with the room number, then the room, then the thing and what is around it, then "
    "the thing itself.",
)
_KEEP_POWER = Step(
    what="Leave power and network as they are.",
    how="Switching off can erase what a camera holds, and can tell its owner.",
)
_GO_ELSEWHERE = Step(
    what="Leave the room if you do not feel well in it.",
    how="Take your phone and your key. Go where other people are, or anywhere you feel secure. "
    "You can do the rest from there.",
)
_CALL_POLICE = Step(
    what="Call the police.",
    how="Do so if you have found a camera or cannot explain what you see, and at once if you feel threatened. "
    "You need not be certain: say what you saw, where, and that you have this report. Numbers and help "
    "lines differ between countries and change, so look yours up on an official page.",
)
_CALL_POLICE_IF = Step(
    what="Call the police if you have found it, or if you feel threatened.",
    how="That holds above all where people undress, wash or sleep. You need not be certain: say what you "
    "saw, where, and that you have this report. Numbers and help lines differ between countries and "
    "change, so look yours up on an official page.",
)
_CALL_POLICE_WORN = Step(
    what="Call the police if somebody films where people undress, wash or sleep, or if you feel threatened.",
    how="You need not be certain: say what you saw, where, and that you have this report. Numbers and help "
    "lines differ between countries and change, so look yours up on an official page.",
)
_DO_NOT_CONFRONT = Step(
    what="Do not confront anybody.",
    how="Neither the host nor the staff nor other guests. You do not know who put it there.",
)
_TELL_STAFF = Step(
    what="Do not confront anybody.",
    how="Tell the host or the staff instead, if you want somebody to speak to them.",
)
_KEEP_FILES = Step(
    what="Keep the files.",
    how="Keep the photos, the recordings and this report unchanged; copy them rather than move them.",
)
_FIND_FIRST = Step(
    what="First find out where it is.",
    how="It was heard by radio or answered on the network, and both go through walls. It may be a camera in the "
    "corridor, at the front door or next door. The findings below tell you how to look for it.",
)
_LOOK_ROUND = Step(
    what="Look round for who carries it.",
    how="Thick glasses with a small round hole or a light at the hinge, a small box on the chest or a strap. "
    "A signal that comes and goes with a person belongs to that person.",
)
_SCREEN = Step(
    what="If it troubles you, step out of view.",
    how="Close the door or the curtain, or go elsewhere. Nothing obliges you to stay.",
)

_CHECKS = {
    FindingKind.LENS_GLINT: (
        Step(
            what="Find the object.",
            how="The small picture shows where it is. Stand where the photo was taken.",
        ),
        Step(
            what="Hold the torch close beside your eye or the phone's camera, and move slowly sideways.",
            how="The glint of a lens stays on the same point of the object and goes out once you are a step "
            "to the side. The gleam of a screw, a tap or glossy plastic slides along or stays.",
        ),
        Step(
            what="Switch the torch off.",
            how="What still shines is a small light or a reflection of the room.",
        ),
        Step(
            what="Look from close by.",
            how="A camera is a round hole, 1 to 3 mm wide, with glass in it, often dark. A screw, a knob or "
            "a small light explains the spot. If you see glass in a hole, do not touch it, photograph it "
            "from far to near, and call the police.",
        ),
    ),
    FindingKind.WIFI_NETWORK: (
        Step(
            what="Ask whose network it is.",
            how="A host or the staff can usually name their networks. A speaker, a television or a "
            "printer that is being set up opens one too.",
        ),
        Step(
            what="Walk with your phone's list of Wi-Fi networks open.",
            how="If the signal is strongest inside the room, look round there. If it is strongest at the "
            "door, at a wall or outside, the device is probably there.",
        ),
    ),
    FindingKind.WIFI_STATION: (
        Step(
            what="Look for ordinary things of that make.",
            how="A television, a speaker, a thermostat, a doorbell or a robot cleaner, and your own devices.",
        ),
        Step(
            what="Record once more with your own devices switched off.",
            how="What is still heard, and strongest inside the room, deserves a search with the torch.",
        ),
    ),
    FindingKind.LAN_HOST: (
        Step(
            what="Ask what it is.",
            how="A host can name the devices on the network: recorder, doorbell, television.",
        ),
        Step(
            what="Look for it with the torch.",
            how="Begin where it would see the bed, the bath or the place where people change.",
        ),
    ),
    FindingKind.BLUETOOTH_DEVICE: (
        Step(
            what="Think of your own things first.",
            how="Headphones, a watch, a speaker or a camera that you carry are heard too. Switch them off "
            "and record again.",
        ),
        Step(
            what="Record once more in a corner, and once outside the door.",
            how="Bluetooth reaches some ten metres. What is much stronger outside belongs to somebody else.",
        ),
    ),
}

#: For lights seen in the dark, in place of the steps for bright spots.
_CHECKS_GLOW = (
    Step(
        what="Look at the place in the dark, with your own eyes.",
        how="Go near. A light that you see as bright as in the picture is an ordinary one: standby, charger, alarm.",
    ),
    Step(
        what="If you see nothing there, or only a faint dull red, it is infrared.",
        how="Remote controls, motion and smoke detectors, smart speakers and televisions use infrared too, "
        "and mostly for a moment only.",
    ),
    Step(
        what="Then look from close by, with the torch on.",
        how="A night-vision camera has a round hole with glass beside its lights or in the middle of them. If you see "
        "one, do not touch it, photograph it from far to near, and call the police.",
    ),
)

_NOT_LOOKED_AT = {
    "photo": "No photo taken with the torch on was examined: lenses were not looked for.",
    "one_photo": "Only single photos were examined, not a pair with the torch on and off: a glint cannot be "
    "told from a small light with one photo.",
    "dark": "No photo taken in the dark with the torch off was examined: infrared lights of night-vision cameras "
    "were not looked for.",
    "dark_filter": "Infrared lights that the phone does not show: many cameras filter infrared, the main one more than "
    "the selfie one. Point a remote control at it and press a button: with a camera that does not show its light, "
    "this check is worth little.",
    "wifi": "No Wi-Fi recording was examined: cameras that send over Wi-Fi were not listened for.",
    "wifi_list": "Of Wi-Fi only lists of networks were examined, no recording: a camera that has joined a network, or "
    "that announces none, is not in such a list.",
    "bluetooth": "No Bluetooth recording was examined: cameras that announce themselves over Bluetooth were not "
    "listened for.",
    "lan": "The devices on the local network were not asked what they are.",
    "outside_picture": "Everything outside the photos: other walls, the ceiling, behind mirrors, inside "
    "objects, and places seen from another angle only.",
    "no_radio": "Cameras without radio: those that record to a card or send over a wire or a mobile network "
    "cannot be heard.",
    "quiet": "Cameras that were switched off, asleep or quiet while the recording ran.",
    "motion_constant": "Cameras that do not react: with a constant bit rate the stream stays the same whatever happens "
    "in the room, and a camera that nobody watches sends next to nothing. Only a stream that follows tells something.",
    "motion_own": "Why a stream follows: somebody who moves also stands in the way of radio and carries devices. "
    "Repeat the run with your own devices switched off, or named as yours.",
    "place_level": "What it is: where a transmitter is says nothing about whether it is a camera. Examine a recording "
    "of it as well.",
    "place_model": "Floors above and below, furniture, and walls other than the room's own: places are told on a flat "
    "floor, with one kind of wall.",
    "place_still": "Whether it stayed where it was and kept its power while the readings were taken: if not, the place "
    "is wrong.",
    "radio_default": "How signals fall with distance here was not measured: published values were used. "
    "“roomsweep calibrate radio” measures it.",
    "no_range": "How small a lens the phone shows, and from how far, is not known: it was not calibrated, so built-in "
    "values were used. “roomsweep calibrate camera” measures it.",
}

_PHRASES = {
    "looking_at": "Looking at {name} ...",
    "dark_apart": "{name} could not be laid over a photo taken with the torch, so lights in the one and glints in the "
    "other were judged apart.",
    "lan_notice": "{addresses:,} addresses of the network {network} will be asked what is there.",
    "lan_notice_joined": "{addresses:,} addresses of the network {network} (joined by {interface}) will be asked "
    "what is there.",
    "lan_notice_router": "{addresses:,} addresses of the network {network} (joined by {interface}, router {gateway}) "
    "will be asked what is there.",
    "lan_notice_sent": "Sent: the small searches by which phone apps find devices, a knock at about twenty ports, and "
    "a look at what web pages and video servers show to anybody; at most {packets} packets to each device.",
    "lan_notice_not": "Not done: nothing is logged in to, no password is tried, no picture is fetched.",
    "lan_notice_whose": "Whoever runs the network can see it: do this on your own network, or with their permission.",
    "lan_question": "Ask the devices on {network} now?",
    "lan_declined": "Nothing was sent.",
    "lan_needs_yes": "Nothing was sent: say --yes to ask the devices on the network that this computer has joined, or "
    "name it: roomsweep lan {network}",
    "lan_not_asked": "was not asked: nobody agreed to it (say --yes, or name the network)",
    "lan_refused": "was not asked: {why}",
    "lan_joined": "the network joined",
    "lan_finding": "{network}: looking who is there, {found} found ({seconds:.0f} s)",
    "lan_asking": "{network}: {found} found, {asked} of them asked what they are ({seconds:.0f} s)",
    "lan_done": "{network}: {found} found and asked in {seconds:.0f} s",
    "lan_mine_none": "No device is marked as your own. Mark one: roomsweep lan --mine 02:00:5e:10:00:01",
    "lan_mine_row": "{mac}, marked on {date}",
    "lan_marked": "Marked as your own: {macs}. Undo it with --not-mine.",
    "lan_unmarked": "No longer marked as your own: {macs}.",
    "lan_was_not_marked": "Was not marked as your own: {macs}.",
    "scan_here": "Wi-Fi list of this computer",
    "report_at": "The report is in {path}",
    "recording_at": "The recording is in {path}",
    "live_begin": "Listening on {name} for {seconds:.0f} s. Ctrl-C ends it and gives what was heard so far.",
    "live_begin_open": "Listening on {name}. Ctrl-C ends it and gives what was heard so far.",
    "live_title": "Listening on {name}",
    "live_progress": "{seconds:.0f} of {total:.0f} s{channel}, {frames:,} frames, {networks} networks, "
    "{stations} other devices",
    "live_progress_bluetooth": "{seconds:.0f} of {total:.0f} s, {adverts:,} adverts, {devices} devices",
    "live_note": "{name} {note}.",
    "live_channel": ", channel {number}",
    "live_new": "{level}: {title}",
    "live_nothing": "Nothing was heard yet.",
    "live_more": "... and {count} more, weaker ones",
    "live_stop": "Ctrl-C ends it and gives what was heard so far.",
    "live_stopped": "Stopped after {seconds:.0f} s; this is what was heard until then.",
    "live_silent": "heard no frame in {seconds:.0f} s (is its antenna on, and any Wi-Fi near?)",
    "live_hopped": "Wi-Fi was heard on one channel at a time, {count} of them in {seconds:.0f} s: what was sent on the "
    "others meanwhile was missed.",
    "bluetooth_silent": "told of no device in {seconds:.0f} s (is its antenna on, and any Bluetooth device near?)",
    "bluetooth_seconds": "Bluetooth was heard for {seconds:.0f} s: what advertises seldom, or is connected to its "
    "phone and silent, as camera glasses mostly are while they are worn, may be missing.",
    "bluetooth_hidden": "This system keeps the addresses of Bluetooth devices to itself: makers could not be told by "
    "them, and a recording of another system cannot be compared device by device.",
    "live_stayed": "Wi-Fi was heard on channel {number} only.",
    "range": "With this phone ({name}) a lens of 1.5 mm shows {middle}, one of 1 mm {small}, one of 3 mm {large}. "
    "Do not count on smaller or farther ones. This is an estimate, for a surface as bright as where it was measured.",
    "range_up_to": "up to about {distance:.2g} m",
    "range_beyond": "to {distance:.2g} m and farther",
    "range_never": "not even from {distance:.2g} m",
    "no_lens_shows": "none",
    "profile_measured": "measured: {name}",
    "profile_by_size": "measured: {name} (chosen by the size of the picture, which does not name its camera)",
    "profile_unreadable": "The stored camera profile {name} cannot be used. Calibrate that phone again, or delete "
    "the file.",
    "guide_search": "Going round the channels for {seconds:.0f} s to find the one on which most is sent ...",
    "guide_channel": "Staying on channel {number}: stations send {rate:,.0f} kB/s there.",
    "guide_begin": "This takes {seconds:.0f} s. Put your own devices aside or switch them off. Stand where a hidden "
    "camera would see you, and follow the lines below. Ctrl-C ends it.",
    "guide_ready": "Get ready; it begins in {seconds:.0f} s.",
    "guide_now_for": "Now {what}, for {seconds:.0f} s.",
    "guide_now_until": "Now {what}, until you are told otherwise.",
    "guide_key_for": "Press Enter, and at once {what}, for about {seconds:.0f} s.",
    "guide_key_end": "Press Enter to end this part.",
    "guide_still": "stand still",
    "guide_move": "walk about and wave your arms",
    "guide_uncover": "leave the suspected lens uncovered and keep still",
    "guide_cover": "hold a sheet of paper in front of it, without touching it",
    "guide_light_on": "switch the light on and keep still",
    "guide_light_off": "switch the light off and keep still",
    "guide_break": "This part is done. The next one begins soon: take a sheet of paper, or go to the light switch.",
    "guide_end": "Done; working it out ...",
    "guide_again": "The recording is in {capture}, what was done when in {actions}. They can be examined again with "
    "roomsweep motion and --actions.",
    "place_title": "Where is the {radio} transmitter {mac}?",
    "place_title_unnamed": "Where is the {radio} transmitter?",
    "place_within": "As likely as not it is within about {half} of {about}, and nine times in ten within about {most}.",
    "place_this_room": "Probably in this room: about {chance} in 100, if before the readings here and beyond were as "
    "likely.",
    "place_beyond": "Probably beyond this room: about {chance} in 100, if before the readings here and beyond were as "
    "likely.",
    "place_overlap": "Whether it is in this room cannot be told: the levels suit places on both sides ({chance} in 100 "
    "for this room).",
    "place_overlap_outside": "Readings outside the door and beyond the walls would tell most.",
    "place_no_room": "Whether it is in this room cannot be told: the readings do not tell where the room is. Tag "
    "places as corner, inside, door and outside, and give their positions.",
    "place_farther": "It may be farther away than the plan goes.",
    "place_loudest": "Loudest at {name}, by {db:.0f} dB.",
    "place_only": "Heard at {name} only, so there is nothing to compare it with.",
    "place_alike": "About equally loud at {names}: differences under {db:.0f} dB are chance.",
    "place_nowhere": "No reading names its place, so only the strength can be told: {dbm:.0f} dBm at most.",
    "place_no_positions": "For a region and a plan, give the positions of three places or more (x_m and y_m, metres "
    "from any corner).",
    "place_middle": "the cross on the plan",
    "place_measured": "How signals fall was measured here: {name}.",
    "place_default": "How signals fall was not measured here; published values were used (roomsweep calibrate radio).",
    "place_spots": "Where it was heard, median levels:",
    "place_more": "... and {count} more places",
    "place_plan_at": "The plan is in {path}",
    "place_others": "Another {count} transmitters are in the result (--json); --mac names one.",
    "plan_centre": "best guess",
    "plan_half": "half of the probability",
    "plan_most": "nine tenths of it",
    "plan_spot": "place with its level in dBm; darker is stronger",
    "plan_room": "the room, as far as told",
    "search_title": "Looking for {mac} on {name}{channel}",
    "search_channel": ", channel {number}",
    "search_find": "Going round the channels for {mac}, up to {seconds:.0f} s ...",
    "search_found": "Heard on channel {number}; staying there.",
    "search_level": "{dbm:.0f} dBm",
    "search_best_here": "the best so far",
    "search_best": "best so far {dbm:.0f} dBm, {seconds:.0f} s ago; {db:.0f} dB more than now",
    "search_best_at": "best so far {dbm:.0f} dBm at “{name}”, {seconds:.0f} s ago; {db:.0f} dB more than now",
    "search_not_yet": "Not heard yet. It may be silent, or farther away.",
    "search_marked": "Noted: “{name}” {dbm:.0f} dBm",
    "search_cannot_mark": "Nothing was heard in the last seconds, so the place was not noted.",
    "search_keys": "Name this place and press Enter (“corner 1 @ 0, 3” gives metres). Ctrl-C ends it.",
    "search_prompt": "place: {typed}",
    "search_kept": "The readings are in {path}; roomsweep locate reads them again.",
    "radio_unreadable": "The stored radio profile {name} cannot be used. Calibrate again, or delete the file.",
    "report_title": "roomsweep report",
    "made_at": "Sweep of {time}",
    "skip": "Go to the findings",
    "synthetic": "synthetic",
    "synthetic_notice": "This report is synthetic: some of what was examined was made by a computer, to show "
    "how roomsweep works. It says nothing about a real room. Made by a computer: {names}.",
    "means": "What this means",
    "means_not": "What this does not mean",
    "incomplete_one": "One input could not be examined whole; see “What was examined”.",
    "incomplete_many": "{count} inputs could not be examined whole; see “What was examined”.",
    "do_now": "What to do now",
    "how_to_check": "How to check",
    "findings": "Findings",
    "worn": "Cameras that people wear or carry nearby",
    "worn_intro": "These belong to a person, not to the room, and are listed apart: who wears or carries one may be "
    "here or behind a wall, and need not be filming.",
    "findings_none": "No finding was raised by the checks that ran.",
    "findings_none_room": "None was raised on the room itself by the checks that ran.",
    "findings_unexamined": "No check could run.",
    "more_one": "One more finding, weaker than those above",
    "more_many": "{count} more findings, weaker than those above",
    "pictures_left_out": "To keep the report small, pictures are shown with the first findings only.",
    "chance": "Estimate: {chance} things with signs like these are cameras.",
    "chance_none": "No number can be given for it: there are too few data.",
    "chance_below": "fewer than 1 in 1,000",
    "chance_one_in": "about 1 in {count:,}",
    "chance_in_ten": "about {count} in 10",
    "chance_in_hundred": "about {count} in 100",
    "chance_above": "more than 99 in 100",
    "chance_unknown": "not known",
    "where": "Where",
    "labelled": "{label}: {text}",
    "where_pixels": "At {x:.0f}, {y:.0f} pixels from the upper left corner of {name}.",
    "where_position": "{name}, {position} (at {x:.0f}, {y:.0f} of {width} × {height} pixels).",
    "where_time": "At {time} in {name}.",
    "where_zone": "Zone: {zone}.",
    "where_radio": "Heard by radio in {name}; radio alone does not show the place.",
    "where_radio_placed": "Heard by radio in {name}.",
    "where_lan": "On the network {name}, which may reach other rooms and flats; that does not show the place.",
    "where_radio_live": "Heard live by radio on {name}; radio alone does not show the place.",
    "where_unknown": "The place is not known; it comes from {name}.",
    "also_in": "Also seen in {names}.",
    "signal_strong": "Strong ({rssi:.0f} dBm): probably a few metres away at most.",
    "signal_medium": "Medium ({rssi:.0f} dBm): perhaps in this room, perhaps beyond a wall.",
    "signal_weak": "Weak ({rssi:.0f} dBm): probably further away or behind walls, or a weak sender.",
    "crop_on": "Close-up, torch on",
    "crop_off": "Same place, torch off",
    "crop": "Close-up",
    "overview": "Where it is in the photo",
    "alt_crop_on": "Close-up for finding {id} with the torch on. A ring marks the bright spot.",
    "alt_crop_off": "The same place as in the close-up for finding {id}, with the torch off.",
    "alt_crop": "Close-up for finding {id}. A ring marks the bright spot.",
    "strip": "Over time",
    "overview_clip": "Where it is in the picture; a line, if there is one, shows how its place moved through the video",
    "alt_strip": "Close-ups for finding {id} at several moments of the video, each with its time.",
    "kind_glow": "Small light in the dark",
    "alt_overview": "The whole photo, small. A ring marks finding {id}, {position}.",
    "identity": "What it calls itself",
    "mac": "Address",
    "bssid": "Network address",
    "ssid": "Network name",
    "ssid_empty": "(no name sent)",
    "ip": "Network number (IP)",
    "name": "Name",
    "vendor": "Maker",
    "vendor_note": "{vendor} (a hint only: parts of one maker are built into the things of many)",
    "randomised": "The address is made up and changes, as on most phones: it does not tell the maker.",
    "signal": "Signal",
    "why": "Why",
    "why_none": "No evidence was weighed.",
    "weight": "{strength} ({weight:+.1f} dB, grade {grade})",
    "strength_for_weak": "Weak sign of a camera",
    "strength_for_fair": "Fair sign of a camera",
    "strength_for_strong": "Strong sign of a camera",
    "strength_for_very": "Very strong sign of a camera",
    "strength_against_weak": "Speaks weakly against a camera",
    "strength_against_fair": "Speaks against a camera",
    "strength_against_strong": "Speaks strongly against a camera",
    "strength_neutral": "Speaks neither for nor against",
    "references": "Rules and where their weights come from",
    "decide": "How to decide",
    "noted_one": "One other thing was seen and noted",
    "noted_many": "{count} other things were seen and noted",
    "noted_intro": "These checks saw nothing in them that points to a camera. They are listed so that you "
    "can see what was heard.",
    "noted_cut": "The first {count} are listed; the rest are in the JSON result.",
    "noted_hidden_one": "One other thing was seen and noted, without a sign of a camera.",
    "noted_hidden_many": "{count} other things were seen and noted, without a sign of a camera.",
    "col_id": "No.",
    "col_level": "Level",
    "col_what": "What",
    "col_where": "Where",
    "col_chance": "Estimate",
    "col_why": "Why",
    "col_address": "Address",
    "col_signal": "Signal",
    "col_source": "Input",
    "col_state": "State",
    "col_reason": "Reason",
    "not_looked_at": "What was not looked at",
    "not_looked_at_intro": "A sweep sees only part of a room. These remain:",
    "sources": "What was examined",
    "sources_none": "No input was given.",
    "facts": "Details of the inputs",
    "reading": "How to read this report",
    "reading_levels": "The levels",
    "reading_numbers": "The numbers",
    "reading_estimate": "The estimate adds the weights of the evidence to a stated starting point: how many "
    "such things in a room turn out to be cameras at all. It is a rule of thumb, not a measurement of your "
    "room.",
    "reading_weights": "A weight says how much more often a sign is seen with cameras than with other "
    "things, in decibans (dB): +10 is ten times as often, +20 a hundred times, −10 a tenth. Minus speaks against "
    "a camera.",
    "reading_grades": "Grades tell what a rule rests on. A: a real device, a maker's document or a published "
    "analysis of one. B: working software, or several independent reports. C: one list. M: measured on real "
    "recordings with known answers. S: fitted on made-up scenes. D: derived from physics or a standard.",
    "about": "About this report",
    "about_tool": "Made by {tool} {version}.",
    "about_started": "Started at {time}.",
    "about_schema": "Form of the result: {schema}.",
    "about_hashes": "SHA-256 of the files",
    "about_hashes_intro": "The number changes with any change to a file, so it shows later that a file is "
    "still the same.",
    "time_with_offset": "{date}, {time} (UTC{offset})",
}

_POSITIONS = (
    ("upper left", "upper middle", "upper right"),
    ("middle left", "middle", "middle right"),
    ("lower left", "lower middle", "lower right"),
)


def phrase(key: str, **values: object) -> str:
    """Return the phrase `key` with its named places filled. Raises KeyError for an unknown key."""
    return _PHRASES[key].format(**values) if values else _PHRASES[key]


def phrases(key: str, count: int) -> str:
    """Return the phrase `key` for this count: its form ``_one`` or ``_many``."""
    return phrase(f"{key}_one") if count == 1 else phrase(f"{key}_many", count=count)


def verdict_words(verdict: Verdict, *, worn_only: bool = False) -> VerdictWords:
    """Return headline and meaning of `verdict`; `worn_only`: all that was identified or suspect is worn by people."""
    return _WORN.get(verdict, _VERDICTS[verdict]) if worn_only else _VERDICTS[verdict]


def level_words(level: Level) -> LevelWords:
    """Return name and meaning of `level`."""
    return _LEVELS[level]


def state_name(state: SourceState) -> str:
    """Return what the state of a source is called."""
    return _SOURCE_STATES[state]


def source_kind_name(kind: str) -> str:
    """Return what a kind of source is called; a kind without a name is shown as it is."""
    return _SOURCE_KINDS.get(kind, kind)


def kind_name(kind: FindingKind) -> str:
    """Return what a kind of finding is called."""
    return _KINDS[kind]


def do_now(*, seen: bool, worn_only: bool = False) -> tuple[Step, ...]:
    """Return what to do after a finding that is identified or suspect.

    Parameters
    ----------
    seen
        Whether one of them was seen in a picture, so that there is an object to leave alone. Otherwise
        it was only heard, and comes first the question where it is.
    worn_only
        Whether all of them are cameras that people wear.
    """
    if worn_only:
        return (_LOOK_ROUND, _SCREEN, _TELL_STAFF, _CALL_POLICE_WORN)
    if seen:
        return (
            _DO_NOT_TOUCH,
            _PHOTOGRAPH,
            _KEEP_POWER,
            _GO_ELSEWHERE,
            _CALL_POLICE,
            _DO_NOT_CONFRONT,
            _KEEP_FILES,
        )
    return (
        _FIND_FIRST,
        _DO_NOT_TOUCH,
        _PHOTOGRAPH,
        _KEEP_POWER,
        _GO_ELSEWHERE,
        _CALL_POLICE_IF,
        _DO_NOT_CONFRONT,
        _KEEP_FILES,
    )


def checks(kind: FindingKind) -> tuple[Step, ...]:
    """Return how a person checks a finding of this kind without instruments."""
    return _CHECKS[kind]


def checks_glow() -> tuple[Step, ...]:
    """Return how a person checks a light that was seen in the dark."""
    return _CHECKS_GLOW


def not_looked_at(topics: Collection[str]) -> tuple[str, ...]:
    """Return the sentences on `topics` that were not looked at, in a fixed order.

    Topics: ``photo``, ``one_photo``, ``dark``, ``dark_filter``, ``wifi``, ``wifi_list``, ``bluetooth``, ``lan``, and
    those that hold for every sweep, ``outside_picture``, ``no_radio`` and ``quiet``; ``no_range`` for pictures of a
    phone that was not calibrated; ``place_level``, ``place_model``, ``place_still`` and ``radio_default`` for places.
    Raises KeyError for another one.
    """
    unknown = set(topics) - _NOT_LOOKED_AT.keys()
    if unknown:
        raise KeyError(f"no words for {sorted(unknown)}")
    return tuple(text for topic, text in _NOT_LOOKED_AT.items() if topic in topics)


def range_sentence(profile: CameraProfile) -> str:
    """Return how far away the phone of a measured profile shows lenses of three sizes."""

    def how_far(opening_mm: float) -> str:
        distance_m = profile.farthest_m(opening_mm)
        if distance_m is None:
            return phrase("range_never", distance=profile.reach[0].distance_m)
        if distance_m >= profile.reach[-1].distance_m:
            return phrase("range_beyond", distance=distance_m)
        return phrase("range_up_to", distance=distance_m)

    if not profile.reach:
        return _NOT_LOOKED_AT["no_range"]
    return phrase("range", name=clean(profile.name), small=how_far(1.0), middle=how_far(1.5), large=how_far(3.0))


def position_name(x: float, y: float, *, width: float, height: float) -> str:
    """Return in words where in a picture the point (x, y) lies, by thirds."""
    column = min(max(int(3 * x / width), 0), 2)
    row = min(max(int(3 * y / height), 0), 2)
    return _POSITIONS[row][column]
